/**
 * A candidate in its context, among its rivals and after recent outcomes, as numbers for the reward
 * model. Pure, and made of nothing but what the store keeps, so that a refit sees exactly what the
 * decision saw; the order of the candidates changes nothing. Each number is roughly within -5..5, and
 * what is not known is 0, with a number of its own that says so where that matters.
 */
import type { Candidate, Suggestion } from '../types';
import { isBeginning, lineCount } from './beginnings';
import { indentColumns, isBlank, lineHead, lineRest, nextLine } from './indentation';
import { languageGroup } from './languageGroup';
import type { RecentOutcomes } from './outcomeMemory';
import { score } from './score';
import { supportOf } from './surety';
import { openerOf } from './syntax';

/** One decision, before it is taken. */
export type Decision = Pick<Suggestion, 'documentUri' | 'trigger' | 'context'> & {
  readonly candidates: readonly Candidate[];
};

/** What the features of one candidate are made of. */
interface Case {
  readonly candidate: Candidate;
  readonly rivals: readonly Candidate[];
  readonly decision: Decision;
  readonly place: PlaceFacts;
  readonly level: LevelFacts;
  readonly shape: Shape;
  readonly outcomes: RecentOutcomes;
}

/** What is the same for all candidates at a cursor. */
interface PlaceFacts {
  /** The cursor's line before and after the cursor. */
  readonly head: string;
  readonly rest: string;
  readonly previousLine: string;
  readonly nextLine: string;
  /** Whether a word stands before the cursor, just before it, after it, or in other code that was told. */
  readonly isBefore: (word: string) => boolean;
  readonly isNear: (word: string) => boolean;
  readonly isAfter: (word: string) => boolean;
  readonly isTold: (word: string) => boolean;
}

/** What is the same for all candidates that are compared with each other. */
interface LevelFacts {
  readonly candidates: readonly Candidate[];
  /** Highest log-probability of these, -Infinity where none is known. */
  readonly bestLogProb: number;
  readonly greedy: Candidate | undefined;
  readonly longestRun: number;
}

/** What is seen of a candidate's text alone. */
interface Shape {
  readonly lines: readonly string[];
  readonly words: readonly string[];
  /** Brackets that it opens and leaves open, and that it closes without having opened them. */
  readonly opened: number;
  readonly closed: number;
}

const commentStart = /^\s*(?:\/\/|\/\*|\*|#(?!\w+\()|<!--|--\s)/;
const scripts = new Set(['typescript']);

/** Every feature by its name: the order is that of the numbers. */
const table = {
  // The logit of the score, which was fitted to other code than was replayed.
  score: ({ candidate }) => {
    const p = score(candidate);
    return clamp(Math.log(p / (1 - p)), -5, 5);
  },
  // What the policy makes of it. Square root of the nats that the text costs, 0..5.5: the difference
  // between one nat and two says more than that between eleven and twelve.
  surprise: ({ candidate }) => Math.sqrt(nats(candidate.logProb, 30)),
  unscored: ({ candidate }) => flag(!Number.isFinite(candidate.logProb)),
  surprisePerCharacter: ({ candidate }) =>
    Math.min(3, (5 * nats(candidate.logProb, 60)) / Math.max(1, candidate.text.trim().length)),
  firstSurprise: ({ candidate }) => Math.sqrt(nats(candidate.firstLogProb ?? NaN, 16)),
  entropy: ({ candidate: { entropy = NaN } }) => (isNumber(entropy) ? clamp(entropy, 0, 5) : 0),
  unmeasured: ({ candidate: { entropy = NaN } }) => flag(!isNumber(entropy)),
  behindBest: ({ candidate, level }) => margin(level.bestLogProb - candidate.logProb),
  aheadOfRivals: ({ candidate, rivals }) =>
    margin(candidate.logProb - Math.max(...rivals.map(({ logProb }) => logProb).filter(isNumber))),
  behindGreedy: ({ candidate, level }) =>
    margin((level.greedy?.logProb ?? NaN) - candidate.logProb),
  // Where it comes from.
  copied: ({ candidate }) => flag(candidate.source === 'copied'),
  sampled: ({ candidate }) => flag(candidate.source === 'sampled'),
  imported: ({ candidate }) => flag(candidate.source === 'imported'),
  listed: ({ candidate }) => flag(candidate.source === 'listed'),
  supported: ({ candidate }) => flag(candidate.source !== 'copied' && candidate.copy !== undefined),
  run: ({ candidate }) => supportOf(candidate.copy).run,
  agreement: ({ candidate }) => supportOf(candidate.copy).agreement,
  votes: ({ candidate }) => supportOf(candidate.copy).votes,
  sameFile: ({ candidate }) => flag(candidate.copy?.sameFile === true),
  ownVotes: ({ candidate }) => Math.log2(1 + (candidate.copy?.ownVotes ?? 0)),
  recency: ({ candidate }) => candidate.copy?.recency ?? 0,
  sameSymbol: ({ candidate }) => flag(candidate.copy?.sameSymbol === true),
  outrun: ({ candidate, level }) =>
    clamp(Math.log2((level.longestRun + 4) / ((candidate.copy?.runLength ?? 0) + 4)), 0, 5),
  // What the others say.
  rivals: ({ rivals }) => Math.log2(1 + rivals.length),
  beginAlike: ({ candidate, rivals }) =>
    shareOf(rivals, (one) => firstWord(one) === firstWord(candidate)),
  goOn: ({ candidate, rivals }) =>
    shareOf(rivals, ({ text }) => text !== candidate.text && text.startsWith(candidate.text)),
  stopShort: ({ candidate, rivals }) =>
    shareOf(rivals, ({ text }) => text !== candidate.text && candidate.text.startsWith(text)),
  noGreedy: ({ level }) => flag(level.greedy === undefined),
  // What it looks like.
  length: ({ candidate }) => Math.log2(1 + candidate.text.trim().length),
  lines: ({ shape }) => Math.log2(shape.lines.length),
  words: ({ shape }) => Math.log2(1 + shape.words.length),
  oneWord: ({ candidate }) => flag(/^[\w$]+$/.test(candidate.text)),
  opened: ({ shape }) => Math.min(3, shape.opened),
  closed: ({ shape }) => Math.min(3, shape.closed),
  closersOnly: ({ candidate }) => flag(/^[\s)\]}>;,'"`]+$/.test(candidate.text)),
  endsStatement: ({ candidate }) => flag(/[;{}:,]\s*$/.test(candidate.text)),
  literals: ({ candidate }) => Math.min(3, (candidate.text.match(/["'`]|\b\d/g) ?? []).length / 2),
  comment: ({ candidate, place }) => flag(commentStart.test(place.head + candidate.text)),
  indentChange: ({ shape, place }) =>
    shape.lines.length < 2
      ? 0
      : clamp((indentColumns(shape.lines.at(-1) ?? '') - indentColumns(place.head)) / 4, -3, 3),
  // Where the cursor stands.
  lineStart: ({ place }) => flag(isBlank(place.head)),
  afterDot: ({ place }) => flag(/\.\w*$/.test(place.head)),
  midWord: ({ place }) => flag(/\w$/.test(place.head)),
  afterOpener: ({ place }) => flag(/[([{]\s*$/.test(place.head)),
  afterOperator: ({ place }) => flag(/[=,:+\-*/|&<>?]\s*$/.test(place.head)),
  inString: ({ place }) => flag((place.head.match(/["'`]/g) ?? []).length % 2 === 1),
  column: ({ place }) => Math.log2(1 + place.head.trim().length),
  rest: ({ place }) => Math.log2(1 + place.rest.trim().length),
  multiline: ({ decision }) => flag(decision.context.multiline),
  invoked: ({ decision }) => flag(decision.trigger === 'invoked'),
  script: ({ decision }) => flag(scripts.has(languageGroup(decision.context.languageId))),
  python: ({ decision }) => flag(decision.context.languageId === 'python'),
  // Whether its words are those of the code around it.
  inFile: ({ shape, place }) =>
    shareOf(shape.words, (word) => place.isBefore(word) || place.isAfter(word)),
  inTold: ({ shape, place }) => shareOf(shape.words, place.isTold),
  near: ({ shape, place }) => shareOf(shape.words, place.isNear),
  newWords: ({ shape, place }) =>
    Math.min(
      4,
      shape.words.filter(
        (word) => !place.isBefore(word) && !place.isAfter(word) && !place.isTold(word),
      ).length,
    ),
  asAbove: ({ candidate, place }) =>
    flag(isSameLine(place.head + candidate.text, place.previousLine)),
  asBelow: ({ candidate, place }) => flag(isSameLine(place.head + candidate.text, place.nextLine)),
  // What became of suggestions before.
  takenOverall: ({ outcomes }) => outcomes.overall.taken,
  seenOverall: ({ outcomes }) => Math.log2(1 + outcomes.overall.seen),
  takenOfSource: ({ outcomes, candidate }) => outcomes.ofSource(candidate.source).taken,
  takenOfLanguage: ({ outcomes, decision }) =>
    outcomes.ofLanguage(decision.context.languageId).taken,
  takenOfFile: ({ outcomes, decision }) => outcomes.ofFile(decision.documentUri).taken,
  refusedInARow: ({ outcomes }) => Math.log2(1 + Math.min(31, outcomes.refusedInARow)),
  takenInARow: ({ outcomes }) => Math.log2(1 + Math.min(31, outcomes.takenInARow)),
  // 0 when something was refused this second, 5 when nothing was for hours.
  sinceRefusal: ({ outcomes }) =>
    clamp(Math.log10(1 + Math.max(0, outcomes.sinceRefusalMs) / 1000), 0, 5),
  takenOfHead: ({ outcomes, candidate, decision }) =>
    outcomes.ofHead(decision.context, candidate.text).taken,
  seenOfHead: ({ outcomes, candidate, decision }) =>
    Math.log2(1 + outcomes.ofHead(decision.context, candidate.text).seen),
  takenOfText: ({ outcomes, candidate }) => outcomes.ofText(candidate.text).taken,
  seenOfText: ({ outcomes, candidate }) => Math.log2(1 + outcomes.ofText(candidate.text).seen),
} satisfies Record<string, (one: Case) => number>;

export type FeatureName = keyof typeof table;

export const featureNames = Object.keys(table) as readonly FeatureName[];
const rules = Object.values(table);

/** Those that tell how often a person took what was like it. */
export const ownFeatures: ReadonlySet<string> = new Set<FeatureName>([
  ...(['takenOverall', 'takenOfSource', 'takenOfLanguage', 'takenOfFile'] as const),
  ...(['takenOfHead', 'seenOfHead', 'takenOfText', 'seenOfText'] as const),
]);

/** The features of all candidates of a decision, each in the order of `featureNames`. */
export function featuresOf(decision: Decision, outcomes: RecentOutcomes): Float64Array[] {
  const { candidates } = decision;
  const place = placeFacts(decision);
  const whole = candidates.filter((candidate) => !isBeginning(candidate, candidates));
  const levels = new Map<number, LevelFacts>();
  return candidates.map((candidate) => {
    const lines = lineCount(candidate.text);
    const level = levels.get(lines) ?? levelFacts(lines, candidates, whole);
    levels.set(lines, level);
    const rivals = level.candidates.filter((other) => other !== candidate);
    const shape = shapeOf(candidate.text);
    const one: Case = { candidate, rivals, decision, place, level, shape, outcomes };
    return Float64Array.from(rules, (rule) => rule(one));
  });
}

function placeFacts({ context }: Decision): PlaceFacts {
  const { prefix, suffix, snippets } = context;
  const head = lineHead(prefix);
  return {
    head,
    rest: lineRest(suffix),
    previousLine: lineHead(prefix.slice(0, prefix.length - head.length).trimEnd()),
    nextLine: nextLine(suffix),
    isBefore: wordsOf(prefix),
    isNear: wordsOf(prefix.slice(-400)),
    isAfter: wordsOf(suffix),
    isTold: wordsOf(snippets.map(({ text }) => text).join('\n')),
  };
}

/** As if every candidate had been cut after so many lines: a beginning competes with beginnings. */
function levelFacts(
  lines: number,
  all: readonly Candidate[],
  whole: readonly Candidate[],
): LevelFacts {
  const candidates = all.filter((candidate) => {
    const count = lineCount(candidate.text);
    return count === lines || (count < lines && whole.includes(candidate));
  });
  return {
    candidates,
    bestLogProb: Math.max(...candidates.map(({ logProb }) => logProb).filter(isNumber)),
    greedy: candidates.find(({ source }) => source === 'greedy'),
    longestRun: Math.max(0, ...candidates.map(({ copy }) => copy?.runLength ?? 0)),
  };
}

function shapeOf(text: string): Shape {
  let open = '';
  let closed = 0;
  for (const character of text) {
    if ('([{'.includes(character)) open += character;
    const opener = openerOf(character);
    if (opener === '') continue;
    if (open.endsWith(opener)) open = open.slice(0, -1);
    else closed++;
  }
  return {
    lines: text.trimEnd().split('\n'),
    words: [...new Set(text.match(/[A-Za-z_$][\w$]+/g))].slice(0, 24),
    opened: open.length,
    closed,
  };
}

/** Tells whether a word stands in `text`, and looks for each only once. */
function wordsOf(text: string): (word: string) => boolean {
  const known = new Map<string, boolean>();
  return (word) => {
    const before = known.get(word);
    if (before !== undefined) return before;
    const is = holds(text, word);
    known.set(word, is);
    return is;
  };
}

/** Whether `word` stands in `text` as a word of its own. */
function holds(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!isWordPart(text.charCodeAt(at - 1)) && !isWordPart(text.charCodeAt(at + word.length)))
      return true;
  }
  return false;
}

function isWordPart(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    code === 95 ||
    code === 36
  );
}

function firstWord({ text }: Candidate): string {
  return /^\s*(?:[\w$]+|[^\w\s])/.exec(text)?.[0] ?? '';
}

function isSameLine(written: string, other: string): boolean {
  return !isBlank(other) && written.trim() === other.trim();
}

/** Nats that a text of this log-probability costs, 0..most; 0 where it is not known. */
function nats(logProb: number, most: number): number {
  return Number.isFinite(logProb) ? clamp(-logProb, 0, most) : 0;
}

/** A difference in nats, -4..4 by its root; 0 where one side is not known. */
function margin(difference: number): number {
  if (!Number.isFinite(difference)) return 0;
  return Math.sign(difference) * Math.sqrt(Math.min(16, Math.abs(difference)));
}

function shareOf<T>(items: readonly T[], matches: (item: T) => boolean): number {
  return items.length === 0 ? 0 : items.filter(matches).length / items.length;
}

function flag(is: boolean): number {
  return is ? 1 : 0;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

function isNumber(value: number): boolean {
  return Number.isFinite(value);
}
