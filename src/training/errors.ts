/**
 * The one error of the training room. Its message says what is wrong, then what to do about it;
 * callers branch on `code`, never on the text.
 */

export type TrainingErrorCode =
  /** The data file cannot be read, or nothing in it can be learned from. */
  | 'rows'
  /** A setting outside its range, or a destination that is taken. */
  | 'settings'
  /** An adapter that is damaged, incomplete or of a kind that Hone does not run. */
  | 'adapter'
  /** An adapter that was trained for another model. */
  | 'wrongBase'
  /** The run does not fit the memory it was given. */
  | 'memory'
  /** The loss was no number, or grew without bound. */
  | 'diverged'
  /** A version that is not there, or may not be used. */
  | 'version';

export class TrainingError extends Error {
  override readonly name = 'TrainingError';

  constructor(
    readonly code: TrainingErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
