/** Snippets of other files: one choice among 50,000 lines, and taking in a file of 256 KB. */
import { indexWindows } from '../../src/completion/codeWindows';
import { NeighbourIndex } from '../../src/completion/neighbours';
import { seededRandom } from '../../src/util/random';
import { type Figure, format, spread } from './machine';
import { packageSources } from './places';

export function benchNeighbours(): Promise<Figure[]> {
  const files = packageSources(50_000);
  const index = new NeighbourIndex();
  const place = { repository: 'bench', languageId: 'typescript' };
  const started = performance.now();
  for (const { path, text } of files) index.update({ ...place, uri: path, path, text });
  const buildMs = performance.now() - started;

  const random = seededRandom(1);
  const chooseMs: number[] = [];
  for (let i = 0; i < 500; i++) {
    const file = files[Math.floor(random() * files.length)];
    if (file === undefined) continue;
    const { path, text } = file;
    const document = { ...place, uri: `${path}#${i}`, path, text };
    const start = performance.now();
    index.near({ ...document, offset: Math.floor(random() * text.length) });
    chooseMs.push(performance.now() - start);
  }

  const large = files
    .map(({ text }) => text)
    .join('\n')
    .slice(0, 256 * 1024);
  const takeInMs = Array.from({ length: 20 }, () => {
    const start = performance.now();
    indexWindows(large);
    return performance.now() - start;
  });
  return Promise.resolve([
    { what: 'choice among 50,000 lines', value: format(spread(chooseMs), 'ms'), wanted: '<= 5 ms' },
    { what: 'taking in 256 KB', value: format(spread(takeInMs), 'ms'), wanted: '<= 5 ms' },
    { what: 'taking in all', value: `${buildMs.toFixed(0)} ms`, wanted: 'in the background' },
  ]);
}
