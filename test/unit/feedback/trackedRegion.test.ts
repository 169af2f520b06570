/**
 * A region through random edits, against an oracle that gives every character of the document its own
 * tag and simply looks where the taken ones are.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Edit, minimalEdits } from '../../../src/feedback/minimalEdits';
import { type ChangeCause, TrackedRegion } from '../../../src/feedback/trackedRegion';
import { type Replacement, applied, invert } from '../../helpers/editSession';

/** One character of the document, and which of the taken ones it is, if any. */
interface Tagged {
  readonly character: string;
  readonly taken: number | null;
  /** Put in later, and counted as the region's. */
  readonly later: boolean;
}

/** The document as tagged characters; a value, so that undo and redo are a list of them. */
interface Tags {
  readonly characters: readonly Tagged[];
  /** Where the region is when nothing of it is left. */
  readonly anchor: number;
}

class Oracle {
  readonly #takenLength: number;
  readonly #tailTaken: boolean;
  tags: Tags;

  constructor(before: string, taken: string, after: string, tailTaken: boolean) {
    const start = before.length;
    const characters = (before + taken + after).split('').map((character, index) => {
      const isTaken = index >= start && index < start + taken.length;
      return { character, taken: isTaken ? index - start : null, later: false };
    });
    this.tags = { characters, anchor: start };
    this.#takenLength = taken.length;
    this.#tailTaken = tailTaken && taken.length > 0;
  }

  get text(): string {
    return this.tags.characters.map(({ character }) => character).join('');
  }

  get start(): number {
    const first = this.tags.characters.findIndex(isOurs);
    return first < 0 ? this.tags.anchor : first;
  }

  get end(): number {
    const last = this.tags.characters.findLastIndex(isOurs);
    return last < 0 ? this.tags.anchor : last + 1;
  }

  get survival(): number {
    const survivors = this.tags.characters.filter(({ taken }) => taken !== null).length;
    return this.#takenLength === 0 ? 0 : survivors / this.#takenLength;
  }

  /** One edit, by putting characters in and taking them out. */
  apply({ offset, removedLength, insertedText }: Edit): void {
    const { start, end } = this;
    const { characters } = this.tags;
    const stands = (index: number) => characters.some(({ taken }) => taken === index);
    const removesFirst = removedLength > 0 && end > start;
    const startOpen = this.#takenLength === 0 || !stands(0);
    const endOpen = !this.#tailTaken || !stands(this.#takenLength - 1);
    const later =
      (offset > start && offset < end) ||
      (offset === start && (startOpen || removesFirst)) ||
      (offset === end && endOpen);
    const inserted = insertedText.split('').map((character) => ({ character, taken: null, later }));

    let anchor = start;
    if (!later && offset + removedLength <= start) anchor += inserted.length - removedLength;
    else if (offset < start) anchor = offset + inserted.length;
    this.tags = { characters: characters.toSpliced(offset, removedLength, ...inserted), anchor };
  }
}

const isOurs = ({ taken, later }: Tagged) => taken !== null || later;

type Action =
  | { readonly kind: 'edit' | 'outside'; readonly places: readonly Place[] }
  | { readonly kind: 'undo' }
  | { readonly kind: 'redo' };

/** Where in the document (0..1), how much is removed, and what comes instead. */
interface Place {
  readonly at: number;
  readonly removed: number;
  readonly inserted: string;
}

const alphabet = fc.constantFrom('a', 'b', ' ', '\n', '(', ')', '\r\n', '😀');
const place: fc.Arbitrary<Place> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.nat(6),
  inserted: fc.string({ unit: alphabet, maxLength: 6 }),
});
const places = fc.array(place, { minLength: 1, maxLength: 3 });
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('edit' as const), places }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('outside' as const), places }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'undo' } as const) },
  { weight: 2, arbitrary: fc.constant({ kind: 'redo' } as const) },
) satisfies fc.Arbitrary<Action>;

/** Edits in the document, apart from each other as an editor's are. */
function toEdits(text: string, places: readonly Place[]): Replacement[] {
  const edits: Replacement[] = [];
  let free = 0;
  for (const { at, removed, inserted } of places.toSorted((a, b) => a.at - b.at)) {
    const offset = Math.max(free, Math.round(at * text.length));
    if (offset > text.length) break;
    const removedLength = Math.min(removed, text.length - offset);
    edits.push({ offset, removedLength, insertedText: inserted });
    free = offset + removedLength + 1;
  }
  return edits;
}

/** What the tracker hands to a region: only what each replacement really changed, from the end. */
function reduce(text: string, edits: readonly Replacement[]): Edit[] {
  return edits
    .flatMap(({ offset, removedLength, insertedText }) =>
      minimalEdits(text.slice(offset, offset + removedLength), insertedText, offset),
    )
    .sort((a, b) => b.offset - a.offset);
}

/** One event of the document's own undo stack. */
interface Entry {
  readonly before: Tags;
  readonly after: Tags;
  readonly edits: readonly Replacement[];
  readonly inverse: readonly Replacement[];
}

describe('a tracked region', () => {
  it('is where the oracle says and keeps what the oracle keeps, in 10,000 random sequences', () => {
    const sequence = fc.record({
      before: fc.string({ unit: alphabet, maxLength: 8 }),
      taken: fc.string({ unit: alphabet, maxLength: 12 }),
      after: fc.string({ unit: alphabet, maxLength: 8 }),
      tailTaken: fc.boolean(),
      actions: fc.array(action, { minLength: 1, maxLength: 12 }),
    });
    let undone = 0;
    let redone = 0;
    fc.assert(
      fc.property(sequence, ({ before, taken, after, tailTaken, actions }) => {
        const oracle = new Oracle(before, taken, after, tailTaken);
        const region = new TrackedRegion(oracle.text, before.length, taken.length, { tailTaken });
        let stack: readonly Entry[] = [];
        let done = 0;

        const follow = (edits: readonly Replacement[], cause: ChangeCause, tags?: Tags) => {
          const text = oracle.text;
          const reduced = reduce(text, edits);
          if (tags) oracle.tags = tags;
          else for (const edit of reduced) oracle.apply(edit);
          const survivalBefore = region.survival;
          region.follow(reduced, cause, applied(text, edits));
          if (!tags && region.survival > survivalBefore)
            throw new Error('An edit brought text back');
          const found = `${region.start}..${region.end}, ${region.survival} survive`;
          const wanted = `${oracle.start}..${oracle.end}, ${oracle.survival} survive`;
          // A failing `expect` explains itself, a passing one costs more than all the rest.
          if (found !== wanted) expect(found).toBe(wanted);
        };

        for (const step of actions) {
          if (step.kind === 'undo') {
            const entry = stack[done - 1];
            if (!entry) continue;
            follow(entry.inverse, 'undo', entry.before);
            done--;
            undone++;
          } else if (step.kind === 'redo') {
            const entry = stack[done];
            if (!entry) continue;
            follow(entry.edits, 'redo', entry.after);
            done++;
            redone++;
          } else {
            const { tags, text } = oracle;
            const edits = toEdits(text, step.places);
            follow(edits, step.kind);
            const entry = { before: tags, after: oracle.tags, edits, inverse: invert(text, edits) };
            stack = [...stack.slice(0, done), entry];
            done++;
          }
        }
      }),
      { numRuns: 10_000 },
    );
    // The sequences are worth little if the hard part hardly happens.
    expect(undone).toBeGreaterThan(5_000);
    expect(redone).toBeGreaterThan(500);
  }, 60_000);
});
