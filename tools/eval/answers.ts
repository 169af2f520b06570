/**
 * Answers on disk, one JSON line each, appended as soon as it is there: an evaluation that was
 * interrupted goes on where it stopped. An answer holds for the code that gave it, so each carries
 * a key made of that code. Marks are not stored but given when the answers are read.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { globSync } from 'tinyglobby';
import type { Candidate, CompletionContext } from '../../src/types';
import type { CutKind } from './cuts';
import { readJsonLines } from '../jsonLines';

/** A candidate without what only the policy needs. */
export interface StoredCandidate extends Omit<Candidate, 'tokenIds' | 'logProb'> {
  readonly score: number;
  /** Null where it is not known. */
  readonly logProb: number | null;
}

export interface Answer {
  readonly key: string;
  readonly package: string;
  readonly cut: string;
  readonly kind: CutKind;
  readonly row: string;
  readonly target: string;
  /** What was shown, '' for nothing. */
  readonly text: string;
  /** See `Cut`; answers from before there were any have neither. */
  readonly closers?: string;
  readonly isClosed?: boolean;
  /** The rest of the cursor's line when the text is accepted; the text itself where left out. */
  readonly left?: string;
  readonly latencyMs: number;
  readonly candidates: readonly StoredCandidate[];
  /** What was known at the cut; kept only where a reward model learns from it. */
  readonly context?: CompletionContext;
}

export class AnswerFile {
  readonly #answers = new Map<string, Answer>();

  /** Reads what is there. A last line that was cut off when its writer was killed does not count. */
  constructor(private readonly file: string) {
    for (const read of readJsonLines<Answer>(file)) this.#answers.set(nameOf(read), read);
  }

  has(place: AnswerPlace): boolean {
    return this.#answers.has(nameOf(place));
  }

  add(one: Answer): void {
    fs.appendFileSync(this.file, JSON.stringify(one) + '\n');
    this.#answers.set(nameOf(one), one);
  }

  /** All answers of one version of the code, in the order they were given. */
  of(key: string): Answer[] {
    return [...this.#answers.values()].filter((each) => each.key === key);
  }

  /** The key of the newest answer that is wanted; undefined if there is none. */
  newestKey(isWanted: (answer: Answer) => boolean): string | undefined {
    return [...this.#answers.values()].findLast(isWanted)?.key;
  }
}

export type AnswerPlace = Pick<Answer, 'key' | 'package' | 'cut' | 'row'>;

function nameOf({ key, package: name, cut, row }: AnswerPlace): string {
  return [key, name, cut, row].join('\n');
}

/** What decides an answer, beside the model. */
const code = [
  'src/{completion,model,onnx,replay,util}/**/*.ts',
  'src/types.ts',
  'tools/eval/{cuts,edits,packages,rows}.ts',
  'tools/eval/manifest.json',
  'media/reward/pretrained.json',
];

/** Short hash of the code that answers, without the files in `ignored`, and of `more`. */
export function codeKey(root: string, ignored: readonly string[], more: string): string {
  const hash = createHash('sha256').update(more);
  for (const file of globSync(code, { cwd: root, ignore: [...ignored] }).sort())
    hash.update(`\0${file}\0`).update(fs.readFileSync(path.join(root, file)));
  return hash.digest('hex').slice(0, 12);
}
