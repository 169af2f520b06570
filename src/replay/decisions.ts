/**
 * Which places of a commit are decisions: a few pauses in a few of its edits, drawn by a seed, so that
 * a number of decisions spans many commits. Left out are edits that were not typed (moved code, whole
 * commits that no person typed) and places at which the product is silent whoever proposes.
 */
import { createHash } from 'node:crypto';
import { buildContext } from '../completion/context';
import { gate } from '../completion/gate';
import { grammarFiles } from '../completion/parser';
import type { Settings } from '../types';
import { languageOf } from '../util/language';
import { type Random, seededRandom, shuffled } from '../util/random';
import {
  automaticClosers,
  type AutomaticCloser,
  type StandingCloser,
  type Stretch,
  standingClosers,
  textOf,
} from './autoClosing';
import { textDuring, type TypedEdit, typedEdits } from './edits';
import type { Commit, FileChange } from './history';
import { pausesIn } from './pauses';
import { drawMood, type Mood } from './simulatedUser';

/** One edit of a file, and where in it somebody pauses. */
export interface PlannedEdit {
  readonly edit: TypedEdit;
  /** What the editor closes by itself while it is typed. */
  readonly closers: readonly AutomaticCloser[];
  /** In the order of typing. */
  readonly decisions: readonly Decision[];
}

/** One place at which everybody is asked. */
export interface Decision {
  /** The same in every replay of the history with the same seed. */
  readonly id: string;
  /** Characters of the edit typed when it is asked. */
  readonly typed: number;
  /** Document and cursor then. */
  readonly text: string;
  readonly offset: number;
  /** What is written from the cursor to the end of the edit. */
  readonly truth: string;
  /** Characters of what is written there, as far as a suggestion may go: a line, or a block. */
  readonly written: number;
  /**
   * Offset in the text after the change behind which no closer is left on the line: up to there what a
   * text opens is closed as it is taken.
   */
  readonly closedUpTo: number;
  /** What was taken from suggestions and not typed, by its offsets in the text after the change. */
  readonly taken: Stretch;
  /**
   * What the editor has put after the cursor when `length` characters of the truth stand there, the
   * first `taken` of them from a suggestion.
   */
  readonly closersAt: (length: number, taken: number) => readonly StandingCloser[];
  readonly mood: Mood;
}

/** One file of a commit: its edits in the order of typing. */
export interface PlannedFile {
  readonly path: string;
  readonly languageId: string;
  readonly before: string;
  readonly after: string;
  readonly edits: readonly PlannedEdit[];
}

export interface PlanOptions {
  readonly seed: number;
  readonly settings: Settings;
  readonly repository: string;
  /** Decisions in one commit, one edit, at most. */
  readonly maxInCommit: number;
  readonly maxInEdit: number;
  /** Edits in which nothing is asked; of all that were typed when left out. */
  readonly isLeftOut?: (edit: TypedEdit) => boolean;
}

/** Share of an edit's lines that were taken away elsewhere in the commit, from which it was moved. */
const movedShare = 0.6;
/** Longer edits were pasted. */
const maxEditCharacters = 6_000;
/** Lines that a block may be expected to have, where one may be proposed. */
const blockLines = 6;
/** Languages that are data, or prose, more often than code. */
const unasked = new Set(['json', 'jsonc', 'yaml', 'toml', 'xml', 'markdown', 'plaintext']);

/** The files of a commit in which something is asked; none where nobody typed it. */
export function planCommit(commit: Commit, options: PlanOptions): PlannedFile[] {
  if (commit.untyped !== undefined) return [];
  const random = seededRandom(seedOf(`${options.seed} ${commit.id}`));
  const files = commit.changes.flatMap((change) => fileOf(change));
  const removed = removedLines(commit.changes, files);
  const asked = files
    .filter(({ languageId }) => languageId in grammarFiles && !unasked.has(languageId))
    .flatMap((file) =>
      file.edits
        .filter((edit) => isTyped(file, edit, removed) && options.isLeftOut?.(edit) !== true)
        .map((edit) => ({ file, edit })),
    );
  const planned = new Map<TypedEdit, PlannedEdit>();
  let left = options.maxInCommit;
  for (const { file, edit } of shuffled(asked, random)) {
    if (left === 0) break;
    const closers = closersOf(file, edit);
    const count = Math.min(left, options.maxInEdit);
    const decisions = decisionsOf(commit, file, { edit, closers }, count, options, random);
    left -= decisions.length;
    if (decisions.length > 0) planned.set(edit, { edit, closers, decisions });
  }
  return files
    .map((file) => ({
      ...file,
      edits: file.edits.map((edit) => planned.get(edit) ?? { edit, closers: [], decisions: [] }),
    }))
    .filter(({ edits }) => edits.some((edit) => edit.decisions.length > 0));
}

/** A number of 32 bits that stands for a text. */
export function seedOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}

type FileVersions = Omit<PlannedFile, 'edits'>;
type ChangedFile = FileVersions & { readonly edits: readonly TypedEdit[] };
type Typing = Pick<PlannedEdit, 'edit' | 'closers'>;
type Place = Pick<Decision, 'typed' | 'text' | 'offset' | 'taken' | 'closedUpTo'>;

function fileOf({ path, before = '', after }: FileChange): ChangedFile[] {
  if (after === undefined) return [];
  const edits = typedEdits(before, after);
  return edits === undefined ? [] : [{ path, languageId: languageOf(path), before, after, edits }];
}

function removedLines(
  changes: readonly FileChange[],
  files: readonly ChangedFile[],
): ReadonlySet<string> {
  const gone = changes.filter(({ after }) => after === undefined);
  const texts = [
    ...gone.map(({ before = '' }) => before),
    ...files.flatMap(({ before, edits }) =>
      edits.map(({ from, removedLength }) => before.slice(from, from + removedLength)),
    ),
  ];
  return new Set(texts.flatMap(tellingLines));
}

/** Lines by which a piece of code is known again. */
function tellingLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.length > 8);
}

function isTyped(
  { after }: ChangedFile,
  { at, insertedLength }: TypedEdit,
  removed: ReadonlySet<string>,
): boolean {
  const inserted = after.slice(at, at + insertedLength);
  if (insertedLength > maxEditCharacters || !/\w/.test(inserted)) return false;
  const lines = tellingLines(inserted);
  const moved = lines.filter((line) => removed.has(line)).length;
  return lines.length === 0 || moved < movedShare * lines.length;
}

function closersOf(
  { before, after, languageId }: FileVersions,
  edit: TypedEdit,
): AutomaticCloser[] {
  const { at, from, removedLength, insertedLength } = edit;
  const text = after.slice(0, at + insertedLength);
  return automaticClosers({
    text,
    below: before.slice(from + removedLength),
    start: at,
    languageId,
  });
}

function decisionsOf(
  commit: Commit,
  file: FileVersions,
  typing: Typing,
  count: number,
  options: PlanOptions,
  random: Random,
): Decision[] {
  const { after } = file;
  const { at, insertedLength } = typing.edit;
  const head = after.slice(after.lastIndexOf('\n', at - 1) + 1, at);
  const inserted = after.slice(at, at + insertedLength);
  const typedAt = pausesIn(head, inserted, count, random);
  const places = typedAt.flatMap((typed) => {
    const place = placeAt(file, typing, at + typed, nothingTaken, options);
    return place === undefined ? [] : [place];
  });
  return places.map(({ lines, ...place }, i) => {
    const next = places[i + 1]?.typed ?? insertedLength;
    const span = inserted.slice(place.typed, next).split('\n').slice(0, lines).join('\n');
    return decisionOf(commit, file, typing, { ...place, written: span.trimEnd().length }, options);
  });
}

/**
 * Where the user is asked next who has taken a text up to `offset`: there, or in the line below once
 * Enter was pressed; undefined beyond what the decision stands for, or where the product is silent.
 */
export function decisionAfter(
  commit: Commit,
  file: PlannedFile,
  typing: Typing,
  decision: Decision,
  offset: number,
  options: Pick<PlanOptions, 'seed' | 'settings' | 'repository'>,
): Decision | undefined {
  const end = decision.offset + decision.written;
  const [entered = ''] = /^[ \t]*\r?\n\s*/.exec(file.after.slice(offset, end)) ?? [];
  const next = offset + entered.length;
  if (next >= end) return undefined;
  const place = placeAt(file, typing, next, takenUpTo(offset, decision), options);
  return place && decisionOf(commit, file, typing, { ...place, written: end - next }, options);
}

const nothingTaken: Stretch = { start: 0, end: 0 };

function takenUpTo(end: number, { offset, taken, closedUpTo }: Place): Stretch {
  if (end <= closedUpTo) return taken;
  return { start: taken.end > 0 ? taken.start : offset, end };
}

/** Document and cursor when the text is there up to `offset`; undefined where nobody is asked. */
function placeAt(
  { path, languageId, before, after }: FileVersions,
  { edit, closers }: Typing,
  offset: number,
  taken: Stretch,
  { settings, repository }: Pick<PlanOptions, 'settings' | 'repository'>,
): (Place & { readonly lines: number }) | undefined {
  const typed = offset - edit.at;
  const standing = standingClosers({ text: after, languageId }, closers, offset, taken);
  const text = textDuring(before, after, edit, typed, textOf(standing));
  const document = { uri: path, path, repository, languageId, text, offset };
  const context = buildContext(document, settings.multiline);
  if (gate(document, context, 'automatic', settings) !== undefined) return undefined;
  const closedUpTo = lastOnLine(standing, context.closers ?? '');
  const lines = context.multiline ? blockLines : 1;
  return { typed, text, offset, taken, closedUpTo, lines };
}

/** Where the last closer on the cursor's line is typed over; never, if it stood there before. */
function lastOnLine(standing: readonly StandingCloser[], onLine: string): number {
  const below = standing.findIndex(({ text }) => text.includes('\n'));
  const beside = below < 0 ? standing : standing.slice(0, below);
  return onLine.length > beside.length ? Infinity : (beside.at(-1)?.closeAt ?? 0);
}

function decisionOf(
  commit: Commit,
  { path, after, languageId }: FileVersions,
  { edit: { at, insertedLength }, closers }: Typing,
  place: Place & Pick<Decision, 'written'>,
  { seed }: Pick<PlanOptions, 'seed'>,
): Decision {
  const { typed, text, offset, written, closedUpTo, taken: before } = place;
  const id = `${commit.id}:${path}:${offset}`;
  const truth = after.slice(offset, at + insertedLength);
  const mood = drawMood(seededRandom(seedOf(`${seed} ${id}`)));
  const closersAt = (length: number, taken: number) => {
    const inAll = taken === 0 ? before : takenUpTo(offset + taken, place);
    return standingClosers({ text: after, languageId }, closers, offset + length, inAll);
  };
  return { id, typed, text, offset, truth, written, closedUpTo, taken: before, closersAt, mood };
}
