/**
 * What the extension host calls as `extensionTestsPath`, in the editor host and in desktop VS Code
 * alike: runs the Mocha files beside it. The report goes to the file TEST_OUTPUT where that is set,
 * since the page passes console lines on unformatted. A rejection makes the exit code 1.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { format } from 'node:util';
import Mocha from 'mocha';

export async function run(): Promise<void> {
  const output = process.env['TEST_OUTPUT'];
  const print = (...values: readonly unknown[]) => {
    const line = `${format(...values)}\n`;
    if (output) fs.appendFileSync(output, line);
    else process.stdout.write(line);
  };
  Mocha.reporters.Base.consoleLog = print;
  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000, color: false, forbidOnly: true });
  for (const name of fs.readdirSync(__dirname).sort()) {
    if (name.endsWith('.test.js')) mocha.addFile(path.join(__dirname, name));
  }
  const { passes = 0, failures = 0 } = await new Promise<Mocha.Stats>((resolve, reject) => {
    const runner = mocha.run(() => {
      if (runner.stats) resolve(runner.stats);
      else reject(new Error('Mocha kept no count.'));
    });
  });
  print(`${passes} passed, ${failures} failed`);
  if (failures > 0 || passes === 0) throw new Error(`${failures} failed, ${passes} passed`);
}
