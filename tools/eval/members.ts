/**
 * Members that do not exist: asks for a suggestion behind the dots of hand-written TypeScript, with
 * and without the language server, and lets the compiler say whether the member suggested there is
 * one. The compiler is asked about the suggested text, not about any list. Only places count where
 * it knows the type before the dot, which it shows by knowing the member that was in fact written.
 */
import { scanSyntax } from '../../src/completion/syntax';
import type { TypeScriptServer } from '../../src/replay/typescriptServer';
import type { Suggestion } from '../../src/types';
import { languageOf } from '../../src/util/language';
import { seededRandom, shuffled } from '../../src/util/random';
import { quantile } from '../../src/util/statistics';
import type { Cut, SourceFile } from './cuts';

/** A cut behind a dot, or in the name behind it. */
export interface MemberCut extends Cut {
  /** Where the member's name begins. */
  readonly nameStart: number;
}

/** What was suggested at one cut. */
export interface MemberAnswer {
  /** Whether a member was suggested at all; a suggestion may also only end the name. */
  readonly suggested: boolean;
  readonly exists: boolean;
  readonly exact: boolean;
  readonly latencyMs: number;
}

/** Letters of the name that have been typed, each as often as the others. */
const typedLetters = [0, 0, 1, 2];
/** A file gives no more cuts than this, so that the long ones do not decide. */
const maxPerFile = 3;

/** Up to `count` places spread over the files, drawn once and for all. */
export function memberCuts(
  files: readonly SourceFile[],
  server: Pick<TypeScriptServer, 'memberExists'>,
  repository: string,
  count: number,
  seed = 1,
): MemberCut[] {
  const random = seededRandom(seed);
  const cuts: MemberCut[] = [];
  for (const file of shuffled(files, random)) {
    if (cuts.length === count) break;
    let left = Math.min(maxPerFile, count - cuts.length);
    for (const nameStart of shuffled(memberNames(file), random).slice(0, 4 * maxPerFile)) {
      if (left === 0) break;
      if (server.memberExists(documentOf(file, repository, nameStart)) !== true) continue;
      const name = /^#?[\p{L}\p{N}_$]+/u.exec(file.text.slice(nameStart))?.[0] ?? '';
      const typed = typedLetters[Math.floor(random() * typedLetters.length)] ?? 0;
      cuts.push(cutAt(file, nameStart, Math.min(typed, name.length - 1)));
      left -= 1;
    }
  }
  return cuts;
}

/** What became of a cut. */
export function judge(
  cut: MemberCut,
  suggestion: Suggestion,
  server: Pick<TypeScriptServer, 'memberExists'>,
): MemberAnswer {
  const text = suggestion.candidates[0]?.text ?? '';
  const { path, offset } = cut;
  const written = cut.text.slice(0, offset) + text + cut.text.slice(offset);
  const suggested = /^[\p{L}\p{N}_$#]/u.test(text);
  const document = documentOf({ path, text: written }, '', cut.nameStart);
  return {
    suggested,
    exists: suggested && server.memberExists(document) !== false,
    exact: text === cut.target,
    latencyMs: suggestion.latencyMs.total,
  };
}

export function memberTable(columns: Readonly<Record<string, readonly MemberAnswer[]>>): string {
  const rows = Object.entries(columns).map(([title, answers]) => {
    const suggested = answers.filter((answer) => answer.suggested);
    const missing = suggested.filter(({ exists }) => !exists).length;
    const share = (part: number, of: number) => `${((100 * part) / Math.max(1, of)).toFixed(1)} %`;
    const exact = answers.filter((answer) => answer.exact).length;
    const times = answers.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
    return [
      `| ${title}`,
      answers.length,
      suggested.length,
      `${missing} (${share(missing, suggested.length)})`,
      share(exact, answers.length),
      `${quantile(times, 0.5).toFixed(0)} / ${quantile(times, 0.95).toFixed(0)} |`,
    ].join(' | ');
  });
  return [
    '| | places | members suggested | of which do not exist | exact match | p50 / p95, ms |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/** Where the names behind dots begin, in code. */
function memberNames({ path, text }: SourceFile): number[] {
  const found: number[] = [];
  for (const match of text.matchAll(/(?<=[\p{L}\p{N}_$)\]]\??\.)[\p{L}_$][\p{L}\p{N}_$]+/gu)) {
    const before = text.slice(Math.max(0, match.index - 4000), match.index);
    if (scanSyntax(before, languageOf(path)).kind === 'code') found.push(match.index);
  }
  return found;
}

/** The rest of the line is the answer. */
function cutAt({ path, text }: SourceFile, nameStart: number, typed: number): MemberCut {
  const offset = nameStart + typed;
  const lineEnd = text.indexOf('\n', offset);
  const rest = text.slice(offset, lineEnd < 0 ? text.length : lineEnd);
  const before = text.slice(0, offset).split('\n');
  const target = rest.trimEnd();
  return {
    id: `${path}:${before.length}:${(before.at(-1) ?? '').length + 1}`,
    kind: 'midLine',
    path,
    line: before.length - 1,
    text: text.slice(0, offset) + text.slice(offset + target.length),
    offset,
    target,
    closers: '',
    isClosed: false,
    nameStart,
  };
}

function documentOf({ path, text }: SourceFile, repository: string, offset: number) {
  const languageId = languageOf(path);
  return { uri: `file:///${path}`, path, repository, languageId, text, offset };
}
