/**
 * Turns a model as it is published (a GGUF file or a Hugging Face folder) into Hone's model folder.
 * Tensors stream through one at a time, so memory stays far below the size of the model; the folder
 * appears under its name only when it is whole.
 */
import type { ModelFolder, Precision } from './modelFolder';

export interface ImportProgress {
  readonly stage: 'reading' | 'converting' | 'writing';
  /** Bytes of the source dealt with so far, 0..`totalBytes`. */
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface ImportRequest {
  /** Path of a GGUF file or of a Hugging Face folder. */
  readonly source: string;
  /** Folder to make; its parent is made too, and an older folder there is replaced. */
  readonly destination: string;
  readonly precision: Precision;
  readonly onProgress?: (progress: ImportProgress) => void;
  readonly signal?: AbortSignal;
}

/** `importModel` rejects with a ModelError that says what to do, or an AbortError. */
export type ImportModel = (request: ImportRequest) => Promise<ModelFolder>;
