/**
 * The keys of a person who writes a known text in an editor that closes brackets and indents by itself:
 * types over closers, leaves indentation that is right, deletes what should not be there. One key at a
 * time from what the editor holds after the key before, so nothing here guesses what an editor does.
 */

export interface EditorState {
  readonly text: string;
  /** Offset in it. */
  readonly cursor: number;
}

/** What is to be written: the file as it shall be, and where in it the new text ends. */
export interface Aim {
  readonly target: string;
  readonly end: number;
}

/** A key by its name, or a character; undefined once the text is as it shall be. */
export type Key = string | undefined;

/** More to delete than this, and no person would get there by single keys. */
const maxDeleted = 160;
const overtyped = /[)\]}"'`>]/;

/** Where the text stops being what it shall be, before the cursor at the latest. */
export function rightUntil({ text, cursor }: EditorState, { target }: Aim): number {
  const limit = Math.min(cursor, target.length);
  let at = 0;
  while (at < limit && text[at] === target[at]) at++;
  return at;
}

/** What the editor put behind the cursor by itself. */
export function automaticText(state: EditorState, aim: Aim): string {
  const { text, cursor } = state;
  return text.slice(cursor, text.length - keptLength(state, aim));
}

/** What is left to be written from the cursor on, as long as all before it is right. */
export function restOf(state: EditorState, aim: Aim): string {
  return aim.target.slice(state.cursor, aim.target.length - keptLength(state, aim));
}

/** Too little is left of a line to wait for anything, as in replays. */
const minLeft = 3;

/** Whether more is left of the line than what the editor has put there already. */
export function isWorthWaiting(state: EditorState, aim: Aim): boolean {
  const automatic = automaticText(state, aim);
  const rest = restOf(state, aim);
  let there = 0;
  while (there < rest.length && rest[there] === automatic[there]) there++;
  const [left = ''] = rest.slice(there).split('\n');
  return left.replace(/\s/g, '').length >= minLeft;
}

/** Whether a closer that the editor added stands right behind the cursor. */
export function isBeforeCloser(state: EditorState, aim: Aim): boolean {
  return overtyped.test(automaticText(state, aim).slice(0, 1));
}

/**
 * The next key. `trusts` says that the editor may still put the indentation of this line right, when a
 * closer or Enter is typed on it.
 * @throws RangeError where single keys lead nowhere
 */
export function nextKey(state: EditorState, aim: Aim, trusts: boolean): Key {
  const { text, cursor } = state;
  if (text === aim.target) return undefined;
  const right = rightUntil(state, aim);
  const lineBefore = text.slice(text.lastIndexOf('\n', cursor - 1) + 1, cursor);
  if (right < cursor) {
    if (cursor - right > maxDeleted)
      throw new RangeError('The text is wrong far before the cursor.');
    const next = aim.target[right] ?? '';
    const isIndentation = /^[ \t]+$/.test(text.slice(right, cursor)) && /^[ \t]*$/.test(lineBefore);
    if (isIndentation && trusts && /[)\]}\n]/.test(next)) return keyOf(next);
    return 'Backspace';
  }
  const automatic = automaticText(state, aim);
  const rest = restOf(state, aim);
  if (rest === '') return 'Delete';
  const next = String.fromCodePoint(rest.codePointAt(0) ?? 0);
  const [first = ''] = automatic;
  // Closers on a line of their own are passed by arrow: people go down there.
  const isBelow = /^\s/.test(automatic) || /^[\s)\]}'"`]*$/.test(lineBefore);
  const [segment = ''] = /^\s*\S+/.exec(automatic) ?? [];
  if (isBelow && segment !== '' && rest.startsWith(segment)) return 'ArrowRight';
  if (first !== '' && first === next) return overtyped.test(first) ? next : 'ArrowRight';
  if (overtyped.test(first) && !isWanted(automatic, rest)) return 'Delete';
  return keyOf(next);
}

function keyOf(character: string): string {
  if (character === '\n') return 'Enter';
  return character === '\t' ? 'Tab' : character;
}

/** How much of the end of the document is as it was before the edit. */
function keptLength({ text, cursor }: EditorState, { target, end }: Aim): number {
  const tail = target.slice(end);
  if (text.endsWith(tail) && text.length - tail.length >= cursor) return tail.length;
  const limit = Math.min(text.length - cursor, target.length - cursor);
  let kept = 0;
  while (kept < limit && text.at(-1 - kept) === target.at(-1 - kept)) kept++;
  return kept;
}

const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** Whether what is written next closes what these closers close. */
function isWanted(automatic: string, rest: string): boolean {
  const [first = ''] = automatic;
  if (/["'`>]/.test(first)) return rest.includes(first);
  return unopened(rest).startsWith(unopened(automatic));
}

/** Brackets that close what was opened before the text. */
function unopened(text: string): string {
  const open: string[] = [];
  let found = '';
  for (const character of text) {
    const closer = closers[character];
    if (closer !== undefined) open.push(closer);
    else if (/[)\]}]/.test(character) && open.pop() === undefined) found += character;
  }
  return found;
}

/** How many more brackets of each kind are opened than closed. */
export function bracketBalance(text: string): readonly number[] {
  return Object.entries(closers).map(
    ([opener, closer]) => text.split(opener).length - text.split(closer).length,
  );
}

/** Whether a change closed what was closed already. */
export function doublesCloser(before: string, after: string, target: string): boolean {
  const [old, wanted] = [bracketBalance(before), bracketBalance(target)];
  return bracketBalance(after).some(
    (balance, i) => balance < Math.min(old[i] ?? 0, wanted[i] ?? 0),
  );
}
