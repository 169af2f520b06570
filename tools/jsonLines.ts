/** Files of JSON lines that are written a line at a time, by programs that may be stopped at any instant. */
import * as fs from 'node:fs';
import * as path from 'node:path';

/**
 * The values of the file, none where it is not there; its folder is made. A last line that was cut off
 * when its writer was killed does not count, and is taken away.
 */
export function readJsonLines<T>(file: string): T[] {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  if (!fs.existsSync(file)) return [];
  const text = fs.readFileSync(file, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) fs.truncateSync(file, Buffer.byteLength(whole));
  const lines = whole.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as T);
}
