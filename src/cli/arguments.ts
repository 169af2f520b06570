/**
 * Turns the words of a command line into values, or says what they should have been. Commander shows
 * the message beside the name of the option. What a value means is its command's business.
 */
import { InvalidArgumentError } from 'commander';
import { readFile } from 'node:fs/promises';

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

export function share(text: string): number {
  const value = number(text);
  if (value > 1) throw new InvalidArgumentError('It must be between 0 and 1.');
  return value;
}

export function shares(text: string): number[] {
  return text.split(',').map(share);
}

/** A parser for one word of a list. */
export function oneOf<T extends string>(words: readonly T[]): (text: string) => T {
  return (text) => {
    const word = words.find((each) => each === text);
    if (word !== undefined) return word;
    throw new InvalidArgumentError(`It must be one of ${words.join(', ')}.`);
  };
}

/** The text of a file that was named on the command line. */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new Error(`${file} cannot be read (${reason}). Check the path and its permissions.`, {
      cause: error,
    });
  }
}
