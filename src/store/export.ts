/**
 * Takes what the store knows out as training files that Hugging Face TRL reads as they are: JSON
 * lines, split by time, with a dataset card. It never sends anything anywhere.
 */
import { StoreError } from './errors';
import type { FeedbackStore } from './feedbackStore';

export const exportFormats = ['events', 'sft', 'preference', 'unpaired'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportOptions {
  readonly format: ExportFormat;
  /** Share 0..1 of the newest rows that goes to the test split; 0.1 where not given. */
  readonly testShare?: number;
  readonly fromMs?: number;
  readonly untilMs?: number;
}

export interface ExportColumn {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'object';
  readonly meaning: string;
}

/** What would leave: enough for the user to decide, and for `writeExport` to write exactly it. */
export interface ExportPlan {
  readonly format: ExportFormat;
  readonly columns: readonly ExportColumn[];
  readonly rows: { readonly train: number; readonly test: number };
  readonly suggestions: number;
  readonly byLanguage: Readonly<Record<string, number>>;
  /** First and last time of the rows; undefined when there are none. */
  readonly span: { readonly fromMs: number; readonly untilMs: number } | undefined;
  /** Rows from this time on are the test split; Infinity when there is none. */
  readonly testFromMs: number;
  /** Facts later than this are not part of the export. */
  readonly asOfMs: number;
  readonly fromMs: number;
  /** The first rows, parsed. */
  readonly firstRows: readonly Readonly<Record<string, unknown>>[];
  /** What leaves and what does not, in plain sentences. */
  readonly leaves: readonly string[];
}

export interface ExportResult {
  readonly directory: string;
  readonly files: readonly { readonly name: string; readonly rows: number }[];
}

/** Reads the store and writes nothing. */
export function planExport(store: FeedbackStore, _options: ExportOptions): Promise<ExportPlan> {
  return Promise.reject(new StoreError('failed', `${store.file} cannot be read yet.`));
}

/**
 * Writes `train.jsonl`, `test.jsonl` and `README.md` into `directory`, all of them or none. An
 * existing directory is an error unless `overwrite`.
 */
export function writeExport(
  store: FeedbackStore,
  _plan: ExportPlan,
  _directory: string,
  _options?: { readonly overwrite?: boolean },
): Promise<ExportResult> {
  return Promise.reject(new StoreError('failed', `${store.file} cannot be read yet.`));
}
