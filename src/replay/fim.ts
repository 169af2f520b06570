/**
 * Fill-in-the-middle evaluation: asks the real pipeline at each row's cursor and compares its best
 * candidate with the line that was in fact written. Rows have the columns of HumanEval infilling
 * (Bavarian et al. 2022, arXiv 2207.14255). Half of the rows have what an editor closes by itself after
 * the cursor; there a text is right if accepting it leaves the line. It runs nobody's code.
 */
import { distance } from 'fastest-levenshtein';
import { z } from 'zod';
import type { DocumentSnapshot } from '../completion/context';
import { CopyIndex } from '../completion/copyIndex';
import { lineHead, lineRest } from '../completion/indentation';
import { insertionAt } from '../completion/insertion';
import { suggest } from '../completion/suggest';
import type { Policy } from '../model/types';
import type { CandidateSource, Clock, Settings, Suggestion } from '../types';
import { languageOf } from '../util/language';
import { seededRandom } from '../util/random';
import { mean, quantile } from '../util/statistics';
import { automaticClosers, standingClosers, textOf } from './autoClosing';
import { seedOf } from './decisions';

const fimRow = z.object({
  prompt: z.string(),
  suffix: z.string(),
  canonical_solution: z.string(),
  path: z.string().optional(),
  repository: z.string().optional(),
  task_id: z.string().optional(),
});
export type FimRow = z.infer<typeof fimRow>;

export interface FimOptions {
  readonly rows: readonly FimRow[];
  /** May be undefined when copied candidates are evaluated alone. */
  readonly policy: Policy | undefined;
  /** Files, beside the row's own, that copied candidates may come from. */
  readonly workspace: readonly WorkspaceFile[];
  readonly sources: readonly ('model' | 'copy')[];
  /** Whether what stands after the cursor is hidden. */
  readonly leftOnly: boolean;
  /** Name that the policy is told where a row has none. */
  readonly repository: string;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly onRow?: (done: number, answer: FimAnswer) => void;
}

export interface WorkspaceFile {
  readonly path: string;
  readonly languageId: string;
  readonly text: string;
}

/** What became of one row. */
export interface FimAnswer {
  readonly taskId: string;
  readonly target: string;
  readonly suggestion: Suggestion;
  /** Text of the best candidate, '' when there was none. */
  readonly text: string;
  /** What an editor puts after the cursor there, '' for nothing, and whether it stood there. */
  readonly closers: string;
  readonly isClosed: boolean;
  readonly source: CandidateSource | 'none';
  readonly exact: boolean;
  /** 1 - Levenshtein distance / longer length, 0..1. */
  readonly similarity: number;
  readonly latencyMs: number;
}

export interface FimReport {
  readonly n: number;
  /** Share 0..1 of rows whose line was suggested exactly. */
  readonly exactMatch: number;
  readonly editSimilarity: number;
  readonly latencyMs: { readonly p50: number; readonly p95: number };
  /** Rows by where the best candidate came from, and how many of those were exact. */
  readonly bySource: Readonly<Record<string, RowCount>>;
  /** Rows where an editor puts closers after the cursor, by whether they stood there. */
  readonly byClosers: { readonly plain: RowCount; readonly closed: RowCount };
}

export interface RowCount {
  readonly n: number;
  readonly exact: number;
}

/** Reads JSON lines; throws with the line's number when a row is not of the form. */
export function parseFimRows(jsonl: string): FimRow[] {
  return jsonl.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const row = fimRow.safeParse(parseJson(line));
    if (!row.success)
      throw new Error(
        `Line ${index + 1} is not an infilling row: ${z.prettifyError(row.error)}. ` +
          'Each line must be a JSON object with the strings prompt, suffix and canonical_solution.',
      );
    return [row.data];
  });
}

/** Asks at every row, in order. Rejects with an AbortError when `signal` fires. */
export async function evaluateFim(options: FimOptions, signal: AbortSignal): Promise<FimAnswer[]> {
  const copyIndex = new CopyIndex();
  for (const file of options.workspace ?? [])
    copyIndex.update(uriOf(file.path), file.languageId, file.text);
  const answers: FimAnswer[] = [];
  for (const [index, row] of options.rows.entries()) {
    signal.throwIfAborted();
    const answer = await answerRow(row, index, options, copyIndex, signal);
    answers.push(answer);
    options.onRow?.(answers.length, answer);
  }
  return answers;
}

export function summarizeFim(answers: readonly FimAnswer[]): FimReport {
  const bySource: Record<string, { n: number; exact: number }> = {};
  for (const { source, exact } of answers) {
    const entry = (bySource[source] ??= { n: 0, exact: 0 });
    entry.n++;
    if (exact) entry.exact++;
  }
  const latencies = answers.map((answer) => answer.latencyMs).sort((a, b) => a - b);
  const open = answers.filter(({ closers }) => closers !== '');
  return {
    n: answers.length,
    exactMatch: mean(answers.map((answer) => (answer.exact ? 1 : 0))),
    editSimilarity: mean(answers.map((answer) => answer.similarity)),
    latencyMs: { p50: quantile(latencies, 0.5), p95: quantile(latencies, 0.95) },
    bySource,
    byClosers: {
      plain: countOf(open.filter(({ isClosed }) => !isClosed)),
      closed: countOf(open.filter(({ isClosed }) => isClosed)),
    },
  };
}

function countOf(answers: readonly FimAnswer[]): RowCount {
  return { n: answers.length, exact: answers.filter(({ exact }) => exact).length };
}

async function answerRow(
  row: FimRow,
  index: number,
  options: FimOptions,
  copyIndex: CopyIndex,
  signal: AbortSignal,
): Promise<FimAnswer> {
  const { prompt, target } = atEditorColumn(row);
  const path = row.path ?? 'untitled.py';
  const { sources } = options;
  const languageId = languageOf(path);
  const suffix = options.leftOnly ? '' : row.suffix;
  const closers = options.leftOnly ? '' : closersBehind(prompt, target, suffix, languageId);
  const isClosed = closers !== '' && seededRandom(seedOf(String(index)))() < 0.5;
  const document = {
    uri: uriOf(path),
    path,
    repository: row.repository ?? options.repository,
    languageId,
    text: prompt + (isClosed ? closers : '') + suffix,
    offset: prompt.length,
  };
  const suggestion = await suggest(
    {
      document,
      trigger: 'invoked',
      settings: { ...options.settings, multiline: 'never' },
      policy: sources.includes('model') ? options.policy : undefined,
      copyIndex: sources.includes('copy') ? copyIndex : undefined,
      onPolicyError: (error) => {
        throw error;
      },
      clock: options.clock,
      random: seededRandom(index),
      options: { samples: 0 },
    },
    signal,
  );
  const best = suggestion.candidates[0];
  const text = firstLine(best?.text ?? '');
  const line = isClosed ? lineLeft(document, text) : text;
  return {
    taskId: row.task_id ?? String(index),
    target,
    suggestion,
    text,
    closers,
    isClosed,
    source: best?.source ?? 'none',
    exact: line === target,
    similarity: editSimilarity(line, target),
    latencyMs: suggestion.latencyMs.total,
  };
}

/**
 * A person's cursor stands after the indentation that the editor inserts by itself, so an answer
 * that starts a line is asked for there.
 */
function atEditorColumn(row: FimRow): { readonly prompt: string; readonly target: string } {
  const line = firstLine(row.canonical_solution);
  const startsLine = row.prompt === '' || row.prompt.endsWith('\n');
  const indent = startsLine ? (/^[ \t]*/.exec(line)?.[0] ?? '') : '';
  return { prompt: row.prompt + indent, target: line.slice(indent.length) };
}

/** The rest of the cursor's line when `text` is accepted there; '' where there is none. */
export function lineLeft(document: DocumentSnapshot, text: string): string {
  const insertion = insertionAt(document)(text);
  if (insertion === undefined) return '';
  const behind = document.text.slice(document.offset + insertion.replacedLength);
  return firstLine(insertion.text + behind);
}

/** What the editor has put after the cursor when the line is typed up to there; '' within a line. */
function closersBehind(prompt: string, target: string, suffix: string, languageId: string): string {
  if (lineRest(suffix).trim() !== '') return '';
  const start = prompt.length - lineHead(prompt).length;
  const typed = { text: prompt + target, below: suffix, start, languageId };
  return textOf(standingClosers(typed, automaticClosers(typed), prompt.length));
}

function uriOf(path: string): string {
  return `file:///${path}`;
}

function firstLine(text: string): string {
  return (/^[^\r\n]*/.exec(text)?.[0] ?? '').trimEnd();
}

/** 1 - Levenshtein distance / longer length, 0..1. */
export function editSimilarity(a: string, b: string): number {
  const longer = Math.max(a.length, b.length);
  return longer === 0 ? 1 : 1 - distance(a, b) / longer;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
