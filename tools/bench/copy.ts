/** Copied candidates: one look-up in 50,000 lines, one keystroke in a 10,000-line file. */
import { CopyIndex } from '../../src/completion/copyIndex';
import { quantile } from '../../src/util/statistics';
import { seededRandom } from '../../src/util/random';
import { type Figure, format, spread } from './machine';
import { packageSources } from './places';

export function benchCopy(): Promise<Figure[]> {
  const files = packageSources(50_000);
  const index = new CopyIndex();
  const started = performance.now();
  for (const { path, text } of files) index.update(path, 'typescript', text);
  const buildMs = performance.now() - started;

  const random = seededRandom(1);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const lookupMs: number[] = [];
  for (let i = 0; i < 500; i++) {
    const { path, text } = pick(files);
    const offset = Math.floor(random() * text.length);
    // The document as it would be while typing: what follows on the line is not there yet.
    const rest = text.indexOf('\n', offset);
    const typed = text.slice(0, offset) + (rest < 0 ? '' : text.slice(rest));
    const query = { uri: path, languageId: 'typescript', text: typed, offset, multiline: false };
    index.update(path, 'typescript', typed);
    const start = performance.now();
    index.lookup(query);
    lookupMs.push(performance.now() - start);
    index.noteEdit(path);
    index.update(path, 'typescript', text);
  }
  const sorted = [...lookupMs].sort((a, b) => a - b);
  const { bytes, characters } = index.stats;

  let large = files
    .map((file) => file.text)
    .join('\n')
    .split('\n')
    .slice(0, 10_000)
    .join('\n');
  const keystrokeMs: number[] = [];
  const offset = large.indexOf('\n', large.length / 2);
  for (let i = 0; i < 200; i++) {
    large = large.slice(0, offset) + 'x' + large.slice(offset);
    const start = performance.now();
    index.lookup({
      uri: 'large.ts',
      languageId: 'typescript',
      text: large,
      offset: offset + 1,
      multiline: false,
    });
    if (i > 0) keystrokeMs.push(performance.now() - start);
  }
  return Promise.resolve([
    { what: 'look-up, 50,000 lines', value: format(spread(lookupMs), 'ms'), wanted: '<= 5 ms' },
    { what: 'look-up, p99', value: `${quantile(sorted, 0.99).toFixed(2)} ms`, wanted: '<= 5 ms' },
    {
      what: 'keystroke and look-up, 10,000-line file',
      value: format(spread(keystrokeMs), 'ms'),
      wanted: '<= 5 ms',
    },
    { what: 'building the index', value: `${buildMs.toFixed(0)} ms`, wanted: 'in the background' },
    {
      what: 'memory',
      value: `${(bytes / characters).toFixed(1)} bytes a character`,
      wanted: 'bounded',
    },
  ]);
}
