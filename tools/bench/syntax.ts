/**
 * Judging syntax: a grammar's first use, and six candidates, five of them wrong, in files of two
 * lengths: in processor time, which other programs change little, and in texts that are parsed.
 */
import { createParser, type Parser } from '../../src/completion/parser';
import { syntaxCheck } from '../../src/completion/syntaxCheck';
import { seededRandom } from '../../src/util/random';
import { readGrammar } from '../grammars.mjs';
import { type Figure, format, spread } from './machine';
import { ownSources } from './places';

const rounds = 200;

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
  return [
    { what: 'loading a grammar', value: `${loadMs.toFixed(0)} ms`, wanted: 'in the background' },
    ...checks('six candidates', () => files[Math.floor(random() * files.length)]?.text ?? ''),
    ...checks('six candidates, 10,000-line file', () => long),
  ];

  /** What the line that was written costs, with five like it, each wrong in another way. */
  function checks(what: string, nextText: () => string): Figure[] {
    let parses = 0;
    const counting: Parser = {
      ...parser,
      errorsIn: (...question) => {
        parses++;
        return parser.errorsIn(...question);
      },
    };
    const cpuMs = Array.from({ length: rounds }, () => {
      const text = nextText();
      const offset = Math.floor(random() * text.length);
      const end = Math.max(offset, text.indexOf('\n', offset));
      const line = text.slice(offset, end);
      const left = text.slice(0, offset) + text.slice(end);
      const snapshot = {
        uri: 'main.ts',
        path: 'main.ts',
        repository: '',
        languageId: 'typescript',
        // Searched once, as it would otherwise be pieced together within the time measured.
        text: left.includes('\0') ? '' : left,
        offset,
      };
      const candidates = [line, `${line})`, `${line} x`, line.slice(0, -1), `(${line}`, `${line};`];
      const start = process.cpuUsage();
      const check = syntaxCheck(counting, snapshot);
      for (const candidate of candidates)
        for (const pieces = check(candidate); !pieces.next().done;);
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1000;
    });
    return [
      { what, value: format(spread(cpuMs), 'ms'), wanted: '<= 5 ms' },
      {
        what: `${what}: parsed`,
        value: `${(parses / rounds).toFixed(1)} texts`,
        wanted: 'few',
      },
    ];
  }
}
