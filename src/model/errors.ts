/**
 * The one error of the model room. Its message is written for the person at the screen: what is
 * wrong, then what to do about it. Callers branch on `code`, never on the text.
 */

export type ModelErrorCode =
  /** The source is not there, or is neither a GGUF file nor a Hugging Face folder. */
  | 'notFound'
  /** The source is cut short or contradicts itself: download it again. */
  | 'damaged'
  /** A sound file of a kind that Hone does not run. */
  | 'unsupported'
  /** The disk is full, or the place may not be written. */
  | 'storage'
  /** A model folder that is incomplete or was made by another version: import again. */
  | 'staleFolder'
  /** The inference engine refused the graph or failed while running it. */
  | 'engine';

export class ModelError extends Error {
  override readonly name = 'ModelError';

  constructor(
    readonly code: ModelErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Turns an error of the file system into a ModelError that says what to do; passes others on. */
export function storageError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const text = (message: string): ModelError =>
    new ModelError('storage', message, { cause: error });
  switch (error.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return text(`The disk is full while writing ${path}. Free some space and try again.`);
    case 'EFBIG':
      return text(
        `${path} would be larger than a file may be there. Lift the limit, or choose another folder.`,
      );
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return text(
        `${path} may not be written. Give yourself the right to write there, or choose another folder.`,
      );
    case 'ENOTDIR':
    case 'EEXIST':
      return text(`${path} cannot be made: a file is in its way. Choose another folder.`);
    default:
      return error;
  }
}
