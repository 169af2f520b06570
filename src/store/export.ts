/**
 * Takes what the store knows out as files: JSON lines, split by time, with a dataset card. First a
 * plan, which writes nothing and shows what would leave; then exactly that is written, all of it or
 * nothing. It never sends anything anywhere.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PreferencePairs, sftRows, unpairedRows } from '../feedback/trainingRows';
import type { StoredSuggestion } from '../types';
import { datasetCard } from './datasetCard';
import { StoreError } from './errors';
import type { FeedbackStore, SuggestionRange } from './feedbackStore';
import { unreadableText } from './rows';

export const exportFormats = ['events', 'sft', 'preference', 'unpaired'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportOptions {
  readonly format: ExportFormat;
  /** Share 0..1 of the newest rows that goes to the test split; 0.1 where not given. */
  readonly testShare?: number;
  /** Suggestions from this time on, milliseconds since the epoch. */
  readonly fromMs?: number;
  /** Suggestions up to this time, inclusive. */
  readonly untilMs?: number;
  /** Only of documents whose address begins with one of these; all where there are none. */
  readonly documents?: readonly string[];
}

export interface ExportColumn {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'object' | 'list';
  readonly meaning: string;
}

/** What would leave: enough for the user to decide, and for `writeExport` to write exactly it. */
export interface ExportPlan {
  readonly format: ExportFormat;
  readonly columns: readonly ExportColumn[];
  readonly rows: { readonly train: number; readonly test: number };
  /** Good and bad examples, where rows have labels. */
  readonly labels: { readonly positive: number; readonly negative: number } | undefined;
  /** Suggestions that gave at least one row. */
  readonly suggestions: number;
  /** Rows by language. */
  readonly byLanguage: Readonly<Record<string, number>>;
  /** First and last time of the rows; undefined when there are none. */
  readonly span: { readonly fromMs: number; readonly untilMs: number } | undefined;
  /** Rows from this time on are the test split; Infinity when there is none. */
  readonly testFromMs: number;
  /** The part of the store that was read, with the facts as they stood then. */
  readonly range: SuggestionRange;
  /** The first rows, as they would be written. */
  readonly firstRows: readonly ExportRow[];
  /** What leaves and what does not, in plain sentences. */
  readonly leaves: readonly string[];
}

export type ExportRow = Readonly<Record<string, unknown>>;

export interface ExportResult {
  readonly directory: string;
  readonly files: readonly { readonly name: string; readonly rows: number }[];
}

const previewRows = 5;
const defaultTestShare = 0.1;
const cardName = 'README.md';
const splits = ['train', 'test'] as const;
const writeBufferLength = 65_536;

/** Reads the store and writes nothing. */
export async function planExport(
  store: FeedbackStore,
  options: ExportOptions,
): Promise<ExportPlan> {
  const { format, fromMs, untilMs, documents = [], testShare = defaultTestShare } = options;
  await store.checkpoint();
  // What happens after this is not part of the export, so that the plan and the files agree.
  const { newestMs } = await store.counts();
  const range = {
    ...{ fromMs: fromMs ?? 0, untilMs: untilMs ?? newestMs, asOfMs: newestMs },
    documents,
  };
  const timesMs: number[] = [];
  const suggestionIds = new Set<string>();
  const byLanguage: Record<string, number> = {};
  const firstRows: ExportRow[] = [];
  let positive = 0;
  let unreadable = 0;
  const read = rowsOf(store, format, range, (suggestions) => (unreadable = suggestions));
  for await (const { suggestion, row } of read) {
    const { languageId } = suggestion.context;
    timesMs.push(suggestion.timeMs);
    suggestionIds.add(suggestion.id);
    byLanguage[languageId] = (byLanguage[languageId] ?? 0) + 1;
    if (row['label'] === true) positive++;
    if (firstRows.length < previewRows) firstRows.push(row);
  }
  const testFromMs = cutBefore(timesMs, testShare);
  const train = timesMs.filter((timeMs) => timeMs < testFromMs).length;
  const labels =
    format === 'unpaired' ? { positive, negative: timesMs.length - positive } : undefined;
  const [first, last] = [timesMs[0], timesMs.at(-1)];
  return {
    format,
    columns: columnsOf[format],
    rows: { train, test: timesMs.length - train },
    labels,
    suggestions: suggestionIds.size,
    byLanguage,
    span: first === undefined || last === undefined ? undefined : { fromMs: first, untilMs: last },
    testFromMs,
    range,
    firstRows,
    leaves: [
      ...leavesOf(format, suggestionIds.size, labels),
      ...(unreadable > 0 ? [unreadableText(unreadable)] : []),
    ],
  };
}

/**
 * Writes `train.jsonl`, `test.jsonl` and `README.md` into `directory`, all of them or none. A folder
 * that holds anything is an error; with `overwrite`, an earlier export is replaced, and only that.
 */
export async function writeExport(
  store: FeedbackStore,
  plan: ExportPlan,
  directory: string,
  options: { readonly overwrite?: boolean } = {},
): Promise<ExportResult> {
  const target = path.resolve(directory);
  await checkTarget(target, options.overwrite ?? false);
  const beside = (word: string) =>
    path.join(
      path.dirname(target),
      `.${path.basename(target)}.${word}-${randomUUID().slice(0, 8)}`,
    );
  const unfinished = beside('unfinished');
  await mkdir(unfinished, { recursive: true });
  try {
    const files = await writeRows(store, plan, unfinished);
    await writeFile(path.join(unfinished, cardName), datasetCard(plan));
    const replaced = beside('replaced');
    await moveIfThere(target, replaced);
    await rename(unfinished, target);
    await rm(replaced, { recursive: true, force: true });
    return { directory: target, files };
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

interface SourcedRow {
  readonly suggestion: StoredSuggestion['suggestion'];
  readonly row: ExportRow;
}

/** By the time of the suggestion, oldest first. */
async function* rowsOf(
  store: FeedbackStore,
  format: ExportFormat,
  range: SuggestionRange,
  onUnreadable?: (suggestions: number) => void,
): AsyncGenerator<SourcedRow> {
  const pairs = new PreferencePairs();
  const make = {
    events: (stored) => [
      { ...stored, settled: stored.settled ?? null, rating: stored.rating ?? null },
    ],
    sft: (stored) => sftRows(stored).map((row) => ({ ...row })),
    preference: (stored) => pairs.rowsOf(stored).map((row) => ({ ...row })),
    unpaired: (stored) => unpairedRows(stored).map((row) => ({ ...row })),
  } as const satisfies Record<ExportFormat, (stored: StoredSuggestion) => ExportRow[]>;
  for await (const stored of store.suggestions(range, onUnreadable)) {
    for (const row of make[format](stored)) yield { suggestion: stored.suggestion, row };
  }
}

async function writeRows(
  store: FeedbackStore,
  plan: ExportPlan,
  directory: string,
): Promise<ExportResult['files']> {
  const writers = new Map<string, LineWriter>();
  try {
    for await (const { suggestion, row } of rowsOf(store, plan.format, plan.range)) {
      const name = `${suggestion.timeMs < plan.testFromMs ? 'train' : 'test'}.jsonl`;
      let writer = writers.get(name);
      if (writer === undefined) {
        writer = new LineWriter(await open(path.join(directory, name), 'wx'));
        writers.set(name, writer);
      }
      await writer.write(JSON.stringify(row));
    }
  } finally {
    for (const writer of writers.values()) await writer.close();
  }
  return [...writers].map(([name, { lines }]) => ({ name, rows: lines }));
}

class LineWriter {
  readonly #file: FileHandle;
  #buffer = '';
  lines = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(line: string): Promise<void> {
    this.#buffer += line + '\n';
    this.lines++;
    if (this.#buffer.length >= writeBufferLength) await this.#flush();
  }

  async close(): Promise<void> {
    try {
      await this.#flush();
      // The rename that follows must not reach the disk before what it renames.
      await this.#file.sync();
    } finally {
      await this.#file.close();
    }
  }

  async #flush(): Promise<void> {
    const text = this.#buffer;
    this.#buffer = '';
    await this.#file.writeFile(text);
  }
}

/** An export may only take the place of an export, whatever folder was named by mistake. */
async function checkTarget(target: string, overwrite: boolean): Promise<void> {
  const names: readonly string[] = await readdir(target).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new StoreError('exists', `${target} is not a folder. Choose another name.`, {
      cause: error,
    });
  });
  if (names.length === 0) return;
  if (!overwrite) {
    throw new StoreError(
      'exists',
      `${target} is there already. Choose another name, or overwrite it.`,
    );
  }
  const ours = new Set<string>([cardName, ...splits.map((split) => `${split}.jsonl`)]);
  const strange = names.find((name) => !ours.has(name));
  if (strange !== undefined || !names.includes(cardName)) {
    throw new StoreError(
      'exists',
      `${target} holds other things than an earlier export (${strange ?? 'no dataset card'}) and is not overwritten. Choose another name.`,
    );
  }
}

async function moveIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  });
}

/** The time from which on the newest `share` of the rows lies; the rows of one instant stay together. */
function cutBefore(timesMs: readonly number[], share: number): number {
  const held = Math.floor(timesMs.length * share);
  const cutMs = timesMs[timesMs.length - held];
  // Something must be left to learn from.
  return cutMs === undefined || cutMs === timesMs[0] ? Infinity : cutMs;
}

const promptColumn = {
  name: 'prompt',
  type: 'string',
  meaning:
    'What the model was told: repository, snippets of other files, path, text before the cursor.',
} as const;

const columnsOf = {
  events: [
    {
      name: 'suggestion',
      type: 'object',
      meaning: 'Place, context, all candidates with scores, versions, propensity, latency.',
    },
    { name: 'shown', type: 'list', meaning: 'Which candidate was shown, and when.' },
    { name: 'outcomes', type: 'list', meaning: 'What you did with it; the last one holds.' },
    {
      name: 'survival',
      type: 'list',
      meaning: 'Share of the accepted text that was left after so many seconds.',
    },
    { name: 'settled', type: 'object', meaning: 'What stood there once it was quiet, or null.' },
    { name: 'rating', type: 'object', meaning: 'Thumb, aspects and comment, or null.' },
  ],
  sft: [
    promptColumn,
    {
      name: 'completion',
      type: 'string',
      meaning: 'What stood there in the end, or was accepted and kept.',
    },
  ],
  preference: [
    promptColumn,
    { name: 'chosen', type: 'string', meaning: 'What was accepted, or written after a refusal.' },
    { name: 'rejected', type: 'string', meaning: 'What was refused at the same place.' },
  ],
  unpaired: [
    promptColumn,
    {
      name: 'completion',
      type: 'string',
      meaning: 'What was shown, or the part of it that was taken.',
    },
    { name: 'label', type: 'boolean', meaning: 'Whether it was good.' },
  ],
} as const satisfies Record<ExportFormat, readonly ExportColumn[]>;

function leavesOf(
  format: ExportFormat,
  suggestions: number,
  labels: ExportPlan['labels'],
): readonly string[] {
  return [
    `This export contains your code: the text before the cursor of ${suggestions} suggestions, snippets of other files that the model was told, the names of those files and of the repository, and what was suggested or written there.`,
    format === 'events'
      ? 'It also contains the text after the cursor, times, your ratings and your comments.'
      : 'It does not contain times, ratings or comments.',
    ...(labels === undefined
      ? []
      : [`${labels.positive} rows are good examples and ${labels.negative} are bad ones.`]),
    'Passwords and keys were masked before they were stored. No search finds all of them: look through the rows before you share them.',
    'Hone only writes files to the folder you choose; it sends nothing.',
  ];
}
