/**
 * Suggestions of a person with habits: every decision is at a new place, and what was written there
 * follows one of a few idioms. Seeded; poisoned in several ways on request.
 */
import type { StoredSuggestion } from '../../src/types';
import { seededRandom } from '../../src/util/random';
import { sampleCandidate, sampleStartMs, sampleSuggestion } from './sampleEvents';

const nouns = ['user', 'item', 'page', 'node', 'file', 'row', 'task', 'team', 'order', 'token'];
const verbs = ['load', 'make', 'read', 'save', 'find', 'send', 'drop', 'sort', 'take', 'show'];

/** What a person writes after a prefix, and what is suggested instead. */
interface Line {
  readonly prefix: string;
  readonly written: string;
  readonly wrong: string;
}

export function idiomLine(random: () => number, n: number): Line {
  const pick = (from: readonly string[]): string => from[Math.floor(random() * from.length)] ?? '';
  const [noun, verb, other] = [pick(nouns), pick(verbs), pick(nouns)];
  const name = `${noun}${n}`;
  const lines: readonly Line[] = [
    {
      prefix: `import { ${verb} } from './${other}';\nconst ${name} = `,
      written: `${verb}(${noun}, ${other}${n});`,
      wrong: `await ${other}.${verb}All('${name}')`,
    },
    {
      prefix: `function ${verb}${n}(${noun}, ${other}) {\n  return `,
      written: `${noun}.${verb}(${other});`,
      wrong: `null as unknown as ${other}[]`,
    },
  ];
  return lines[Math.floor(random() * lines.length)] ?? lines[0]!;
}

export interface HistoryOptions {
  readonly count: number;
  readonly seed: number;
  /** Number of the first, so that two histories follow each other in time. */
  readonly from?: number;
  /** What becomes of each line before it is recorded. */
  readonly written?: (line: Line, random: () => number, n: number) => string;
}

/** One decision a minute; half accepted and kept, half refused and written otherwise. */
export function idiomHistory(options: HistoryOptions): StoredSuggestion[] {
  const { count, seed, from = 0, written = ({ written: text }: Line) => text } = options;
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    const line = idiomLine(random, n);
    const text = written(line, random, n);
    return decision(n, line, text, random() < 0.5);
  });
}

function decision(n: number, line: Line, text: string, isTaken: boolean): StoredSuggestion {
  const sample = sampleSuggestion(n);
  const path = `src/${n % 7}.ts`;
  const timeMs = sampleStartMs + n * 60_000;
  const common = { suggestionId: sample.id, timeMs };
  return {
    suggestion: {
      ...sample,
      timeMs,
      documentUri: `file:///work/${path}`,
      context: {
        ...sample.context,
        ...{ path, languageId: 'typescript', snippets: [], prefix: line.prefix, suffix: '' },
      },
      candidates: [sampleCandidate(isTaken ? text : line.wrong)],
      shownIndex: 0,
    },
    shown: [{ kind: 'shown', ...common, candidateIndex: 0 }],
    outcomes: [
      {
        ...{ kind: 'outcome', ...common, outcome: isTaken ? 'accepted' : 'dismissed' },
        ...{ candidateIndex: 0, takenLength: isTaken ? text.length : 0, visibleMs: 2_000 },
      },
    ],
    survival: isTaken
      ? [{ kind: 'survival', ...common, afterSeconds: 30, survival: 1, state: 'present' }]
      : [],
    settled: { kind: 'settled', ...common, text },
    rating: undefined,
  };
}
