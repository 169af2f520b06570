/** Judging syntax: a grammar's first use, and six candidates, five of them wrong, in files of two lengths. */
import { createParser } from '../../src/completion/parser';
import { syntaxCheck } from '../../src/completion/syntaxCheck';
import { seededRandom } from '../../src/util/random';
import { readGrammar } from '../grammars.mjs';
import { type Figure, format, spread } from './machine';
import { ownSources } from './places';

export async function benchSyntax(): Promise<Figure[]> {
  const silent = () => undefined;
  const logger = { debug: silent, info: silent, warn: silent, error: silent };
  const parser = createParser(readGrammar, logger);
  const started = performance.now();
  await parser.load('typescript');
  const loadMs = performance.now() - started;

  const files = ownSources();
  const long = files
    .map((file) => file.text)
    .join('\n')
    .split('\n')
    .slice(0, 10_000)
    .join('\n');
  const random = seededRandom(1);
  const typicalMs = checkTimes(() => files[Math.floor(random() * files.length)]?.text ?? '');
  const longMs = checkTimes(() => long);
  return [
    { what: 'loading a grammar', value: `${loadMs.toFixed(0)} ms`, wanted: 'in the background' },
    { what: 'six candidates', value: format(spread(typicalMs), 'ms'), wanted: '<= 5 ms' },
    {
      what: 'six candidates, 10,000-line file',
      value: format(spread(longMs), 'ms'),
      wanted: '<= 5 ms',
    },
  ];

  /** Milliseconds for the line that was written and five like it, each wrong in another way. */
  function checkTimes(nextText: () => string): number[] {
    return Array.from({ length: 200 }, () => {
      const text = nextText();
      const offset = Math.floor(random() * text.length);
      const end = Math.max(offset, text.indexOf('\n', offset));
      const line = text.slice(offset, end);
      const snapshot = {
        uri: 'main.ts',
        path: 'main.ts',
        repository: '',
        languageId: 'typescript',
        text: text.slice(0, offset) + text.slice(end),
        offset,
      };
      const candidates = [line, `${line})`, `${line} x`, line.slice(0, -1), `(${line}`, `${line};`];
      const start = performance.now();
      const check = syntaxCheck(parser, snapshot);
      for (const candidate of candidates) check(candidate);
      return performance.now() - start;
    });
  }
}
