/**
 * npm run eval -- blocks [--packages A,B] [--cuts N]: does Hone show the first lines of a block? The body
 * of a block is cut out, as after Enter on the line that opens it, and Hone is asked as it is while
 * typing, at its default settings; so it is at cuts in lines, beside which it must not get worse.
 * Decisions are taken anew from the stored candidates, with and without the beginnings among them.
 */
import { isBeginning } from '../../src/completion/beginnings';
import { featuresOf } from '../../src/completion/features';
import { noOutcomes } from '../../src/completion/outcomeMemory';
import { rerank, thresholdOf } from '../../src/completion/rerank';
import { scanSyntax } from '../../src/completion/syntax';
import { defaultSettings } from '../../src/contributions';
import { agreement } from '../../src/feedback/agreement';
import type { RewardModel } from '../../src/model/types';
import type { Candidate } from '../../src/types';
import { languageOf } from '../../src/util/language';
import { seededRandom, shuffled } from '../../src/util/random';
import { sum } from '../../src/util/statistics';
import type { Answer } from './answers';
import { type Cut, makeCuts, type SourceFile } from './cuts';
import { rows, type Row } from './rows';
import { tableOf } from './table';

/** Everything is on, and asked while typing, at the settings that ship. */
export const typingRow: Row = {
  ...(rows.at(-1) as Row),
  id: 'typing',
  title: 'as shipped, while typing',
  // Blocks begin at no member.
  languageServer: false,
  atDefaults: true,
};

/** Lines of a body that a person writes in one go. */
const maxBody = 30;
const minFirstLine = 6;
const opensBlock = /(?:\{|\)\s*(?:->.*)?:|\b(?:else|try|finally):|=>\s*\{)$/;
const blockMark = ':block';

/** `count` bodies of blocks and as many cuts in lines, in turn. */
export function blocksAndLines(files: readonly SourceFile[], count: number): Cut[] {
  const lines = makeCuts(files, Math.ceil(count / 2));
  const blocks = blockCuts(files, count);
  return Array.from({ length: count }, (_, i) => [blocks[i], lines[i]])
    .flat()
    .filter((cut) => cut !== undefined);
}

/** At most `count` bodies of blocks, spread over the files; the first of many are those of fewer. */
export function blockCuts(files: readonly SourceFile[], count: number, seed = 3): Cut[] {
  const random = seededRandom(seed);
  const perFile = shuffled(files, random).map((file) => shuffled(bodiesOf(file), random));
  const longest = Math.max(0, ...perFile.map((cuts) => cuts.length));
  return Array.from({ length: longest }, (_, i) => perFile.flatMap((cuts) => cuts[i] ?? []))
    .flat()
    .slice(0, count);
}

export function isBlockCut(id: string): boolean {
  return id.endsWith(blockMark);
}

function bodiesOf({ path, text }: SourceFile): Cut[] {
  const lines = text.split('\n');
  return lines.flatMap((line, i): Cut[] => {
    if (!opensBlock.test(line.trimEnd())) return [];
    const first = lines[i + 1] ?? '';
    const indent = first.length - first.trimStart().length;
    const outer = line.length - line.trimStart().length;
    const isCode =
      first.trim().length >= minFirstLine && !/^\s*(?:\/\/|\/\*|\*|#|"""|''')/.test(first);
    if (indent <= outer || !isCode) return [];
    const body = lines.slice(i + 1);
    const end = body.findIndex(
      (each) => each.trim() !== '' && each.length - each.trimStart().length <= outer,
    );
    const kept = end < 0 ? body : body.slice(0, end);
    while (kept.at(-1)?.trim() === '') kept.pop();
    const above = lines
      .slice(0, i + 1)
      .map((each) => `${each}\n`)
      .join('');
    if (kept.length > maxBody || scanSyntax(above, languageOf(path)).kind !== 'code') return [];
    const below = lines.slice(i + 1 + kept.length);
    return [
      {
        id: `${path}:${i + 2}:${indent + 1}${blockMark}`,
        kind: 'lineStart',
        path,
        line: i + 1,
        text: [above + first.slice(0, indent), ...below].join('\n'),
        offset: above.length + indent,
        target: kept.join('\n').slice(indent),
        // The editor put the closer of a block on the line below.
        closers: '',
        isClosed: false,
      },
    ];
  });
}

/** What became of one decision. */
interface Mark {
  readonly lines: number;
  readonly isRight: boolean;
  readonly isFirstRight: boolean;
  readonly expected: number;
  /** Characters of the text shown that stand there: all of it, or its first whole lines. */
  readonly kept: number;
}

/** The decision on a cut: undefined where Hone stays silent. */
export function markOf(
  { target, context, candidates, cut }: Answer,
  reward: RewardModel,
  isWanted: (candidate: Candidate, all: readonly Candidate[]) => boolean = () => true,
): Mark | undefined {
  if (context === undefined) throw new Error(`Nothing is known of the cut ${cut}.`);
  const all = candidates.map(({ logProb, score: _, ...rest }): Candidate => ({
    ...rest,
    logProb: logProb ?? NaN,
    tokenIds: [],
  }));
  const asked = all.filter((candidate) => isWanted(candidate, all));
  const decision = {
    documentUri: context.path,
    trigger: 'automatic',
    context,
    candidates: asked,
  } as const;
  const judgements = reward.judge(featuresOf(decision, noOutcomes));
  const judged = asked.flatMap((candidate, i) => {
    const judgement = judgements[i];
    return judgement ? [{ candidate, ...judgement }] : [];
  });
  const threshold = thresholdOf(defaultSettings.eagerness);
  const choice = rerank(judged, {
    ...{ trigger: 'automatic', threshold, exploration: 0 },
    random: () => 1,
  });
  const shown = choice.candidates[choice.shownIndex ?? -1];
  if (shown === undefined) return undefined;
  const rightLines = rightLinesOf(shown.text, target);
  const lines = shown.text.split('\n');
  return {
    lines: lines.length,
    isRight: rightLines === lines.length,
    isFirstRight: rightLines > 0,
    expected: shown.score * shown.text.length,
    kept: lines.slice(0, rightLines).join('\n').length,
  };
}

/** Whole lines of `text` that are written there; a line that is written on is right as far as it goes. */
function rightLinesOf(text: string, target: string): number {
  const wanted = text.trimEnd();
  const { takenLength, typedLength } = agreement(target, wanted);
  const splitsWord = /\w$/.test(wanted) && /\w/.test(target.charAt(typedLength));
  const whole = wanted.split('\n').length;
  if (takenLength === wanted.length && !splitsWord) return whole;
  // The body is written, and the text goes on.
  if (typedLength === target.length && wanted[takenLength] === '\n')
    return wanted.slice(0, takenLength).split('\n').length;
  return wanted.slice(0, takenLength).split('\n').length - 1;
}

export function blocksReport(answers: readonly Answer[], reward: RewardModel): string {
  const kinds = [
    ['blocks', answers.filter(({ cut }) => isBlockCut(cut))],
    ['lines', answers.filter(({ cut }) => !isBlockCut(cut))],
  ] as const;
  const isWhole = (candidate: Candidate, all: readonly Candidate[]) => !isBeginning(candidate, all);
  const ways = [
    ['whole texts alone', isWhole],
    ['with their first lines', () => true],
  ] as const;
  const cells = kinds.flatMap(([kind, asked]) =>
    ways.map(([way, isWanted]) => {
      const marks = asked.flatMap((answer) => markOf(answer, reward, isWanted) ?? []);
      const several = marks.filter(({ lines }) => lines > 1);
      const first = marks.filter(({ isFirstRight }) => isFirstRight).length;
      const right = marks.filter(({ isRight }) => isRight).length;
      const expected = sum(marks.map((mark) => mark.expected));
      const kept = sum(marks.map((mark) => mark.kept));
      const whole = sum(marks.filter(({ isRight }) => isRight).map((mark) => mark.kept));
      return [
        ...[`${kind}: ${way}`, asked.length, marks.length, several.length, right, first],
        ...[marks.length - first, expected, whole, kept].map(Math.round),
      ].map(String);
    }),
  );
  const head = ['cuts', 'asked', 'shown', 'several lines', 'right', 'first line right'];
  const more = ['first line wrong', 'characters expected', 'of right texts', 'of right lines'];
  return tableOf([...head, ...more], cells).join('\n');
}
