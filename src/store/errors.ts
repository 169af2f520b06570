/**
 * What can go wrong between Hone and its database, in words a user can act on. It carries a code to
 * branch on, so that nobody reads the message to find out what happened.
 */

export type StoreErrorCode =
  /** The file is no database, or its pages contradict each other. */
  | 'damaged'
  /** The file was written by a later version of Hone. */
  | 'newer'
  /** The file or its folder may not be written. */
  | 'readOnly'
  /** The disk, or the quota, is full. */
  | 'full'
  /** Another process held the file for too long. */
  | 'busy'
  /** There is no such file. */
  | 'missing'
  /** The target of an export is already there. */
  | 'exists'
  /** The event itself cannot be stored, whatever the state of the disk. */
  | 'invalid'
  /** The store was closed, or gave up what it held in memory. */
  | 'closed'
  /** Any other failure of the disk or the driver. */
  | 'failed';

export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}
