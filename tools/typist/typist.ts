/**
 * A person at the keys of a real window: types a hunk with real key events, pauses where replays pause,
 * looks at the ghost text that is drawn, and takes, refuses or ignores it as the simulated user does.
 * Each key follows from what the editor made of the one before.
 */
import type { Parser } from '../../src/completion/parser';
import { seedOf } from '../../src/replay/decisions';
import { drawMood, type Mood, type Reaction, reactTo } from '../../src/replay/simulatedUser';
import { type Random, seededRandom } from '../../src/util/random';
import { readStalls, watchEventLoop } from '../../test/editor/stalls';
import type { Window } from '../../test/editor/workbench';
import { readScreen, waitForGhost } from './drawn';
import { proposalOf } from './ghost';
import { type OpenedState, prepare, readState } from './host';
import type { Hunk } from './hunks';
import {
  automaticText,
  doublesCloser,
  isBeforeCloser,
  isWorthWaiting,
  nextKey,
  restOf,
  rightUntil,
} from './keys';

/** What came of one pause. */
export interface Pause {
  /** Offset in the text as it shall be. */
  readonly offset: number;
  /** What stood before the cursor on its line, and what the editor had put behind it. */
  readonly before: string;
  readonly automatic: string;
  readonly isBeforeCloser: boolean;
  /** What was about to be written. */
  readonly rest: string;
  /** What was drawn, '' for nothing. */
  readonly proposed: string;
  /** From the last key to ghost text, in milliseconds; null where none came. */
  readonly waitMs: number | null;
  /** When it was, milliseconds since the epoch. */
  readonly keyMs: number;
  readonly endMs: number;
  readonly reaction: Reaction['kind'] | 'silent';
  /** Characters that were taken, and how many of them are right. */
  readonly taken: number;
  readonly kept: number;
  readonly doubled: boolean;
  readonly broken: boolean;
  /** Whether the editor's own list was open. */
  readonly list: boolean;
}

export interface TypedHunk {
  /** Characters by keys of their own. */
  readonly typed: number;
  readonly keys: number;
  readonly pauses: readonly Pause[];
  /** Why the typist could not bring the text about; undefined where that was not so. */
  readonly mended: string | undefined;
  /** Longest time in which the extension host did not answer, in milliseconds. */
  readonly stallMs: number;
  readonly seconds: number;
}

export interface TypistOptions {
  readonly window: Window;
  readonly folder: string;
  readonly parser: Parser;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** How long the person waits for ghost text after the last key, in milliseconds. */
  readonly patienceMs: number;
  /** Called at moments worth a picture. */
  readonly onMoment?: ((moment: 'silent' | 'shown' | 'taken') => Promise<void>) | undefined;
}

/** So long ghost text is looked at, at least; what is seen for 750 ms counts as seen. */
const leastReadMs = 800;
/** Keys so near to a pause are typed slowly. */
const slowBefore = 5;
const slowAfter = 2;
/** Nothing came of a key for so long: it had no effect. */
const deafMs = 1_000;
/** So much on each side of the cursor is parsed, so that no parse is given up for its length. */
const syntaxCharacters = 2_000;

/** @throws when `signal` fires */
export async function typeHunk(hunk: Hunk, options: TypistOptions): Promise<TypedHunk> {
  const typist = new Typist(hunk, options);
  return typist.run();
}

class Typist {
  readonly #hunk: Hunk;
  readonly #options: TypistOptions;
  readonly #window: Window;
  readonly #random: Random;
  readonly #pauses: Pause[] = [];
  #state: OpenedState = { text: '', cursor: 0, tabSize: 4, usesTabs: false };
  #typed = 0;
  #keys = 0;
  /** Keys since the last pause. */
  #sincePause = slowAfter;

  constructor(hunk: Hunk, options: TypistOptions) {
    this.#hunk = hunk;
    this.#options = options;
    this.#window = options.window;
    this.#random = seededRandom(seedOf(`${options.seed} ${hunk.id}`));
  }

  async run(): Promise<TypedHunk> {
    const { window } = this.#options;
    await this.#begin();
    const startMs = Date.now();
    await window.inHost(watchEventLoop);
    let mended: string | undefined;
    try {
      await this.#write();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      mended = error.message;
      const { target, end } = this.#hunk.aim;
      await window.inHost(prepare, this.#file(), target, end, end);
    }
    const seconds = (Date.now() - startMs) / 1000;
    const stallMs = Math.max(0, ...(await window.inHost(readStalls)));
    const { text } = await window.inHost(readState);
    if (text !== this.#hunk.aim.target) throw new Error(`${this.#hunk.id} is not as it shall be.`);
    const { at } = this.#hunk;
    await window.inHost(prepare, this.#file(), this.#hunk.aim.target, at, at);
    return {
      ...{ typed: this.#typed, keys: this.#keys, pauses: this.#pauses },
      ...{ mended, stallMs, seconds },
    };
  }

  #file(): string {
    return `${this.#options.folder}/${this.#hunk.path}`;
  }

  /** The file as it was, the cursor in it; what is to be removed is selected and deleted. */
  async #begin(): Promise<void> {
    const { window } = this.#options;
    const { start, at, removedLength } = this.#hunk;
    await window.inHost(prepare, this.#file(), start, at, at + removedLength);
    await window.page.locator('.editor-instance .monaco-editor.focused').first().waitFor();
    // The editor makes its part for ghost text in an idle moment.
    await window.page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
    // A person finds the place.
    await this.#rest(1_500);
    this.#state = await window.inHost(readState);
    if (removedLength > 0) await this.#press('Delete');
  }

  async #write(): Promise<void> {
    const { aim, decisions } = this.#hunk;
    const planned = [...decisions];
    const maxKeys = 300 + 4 * (aim.end - this.#hunk.at);
    let asksNext = false;
    let last = '';
    while (this.#keys < maxKeys) {
      this.#options.signal.throwIfAborted();
      const { cursor } = this.#state;
      const isRight = rightUntil(this.#state, aim) === cursor;
      while (planned[0] !== undefined && at(planned[0]) < cursor) planned.shift();
      const planHere = planned[0] !== undefined && at(planned[0]) === cursor;
      const rest = restOf(this.#state, aim);
      const startsHere = asksNext && /^\S/.test(rest);
      if (isRight && (planHere || startsHere)) {
        const mood = planHere ? planned.shift()?.mood : undefined;
        const waits = isWorthWaiting(this.#state, aim);
        asksNext = waits && (await this.#pause(mood ?? this.#moodAt(cursor)));
        continue;
      }
      const key = nextKey(this.#state, aim, last !== 'Backspace');
      if (key === undefined) return;
      const nextPause = planned[0] === undefined ? Infinity : at(planned[0]) - cursor;
      const run = key.length === 1 ? this.#plainRun(rest, key, nextPause) : key;
      if (run.length > 1 && run !== key) await this.#typeRun(run);
      else {
        await this.#clearTheWay(key);
        await this.#press(key, nextPause <= slowBefore);
      }
      last = key;
    }
    throw new RangeError('Too many keys were pressed.');

    function at({ offset }: { readonly offset: number }): number {
      return offset;
    }
  }

  /** Letters and digits that can be typed without a look, as far as the keys before a pause. */
  #plainRun(rest: string, key: string, nextPause: number): string {
    const [word = ''] = /^[A-Za-z0-9_]+/.exec(rest) ?? [];
    if (!word.startsWith(key) || automaticText(this.#state, this.#hunk.aim).startsWith(key))
      return key;
    return word.slice(0, Math.max(1, nextPause - slowBefore));
  }

  /** The mood of a pause that no replay would have planned. */
  #moodAt(offset: number): Mood {
    return drawMood(seededRandom(seedOf(`${this.#options.seed} ${this.#hunk.id} ${offset}`)));
  }

  /** A pause with what is done then; resolves to whether the person waits for more behind it. */
  async #pause(mood: Mood): Promise<boolean> {
    const { page } = this.#window;
    const { aim } = this.#hunk;
    const state = this.#state;
    const first = await waitForGhost(page, this.#options.patienceMs);
    if (first.ghost) await this.#rest(leastReadMs + (mood.readMs - 800) / 4);
    // What is there after reading counts: it may have been replaced by something better.
    const screen = first.ghost ? await readScreen(page) : first;
    const before = state.text.slice(
      state.text.lastIndexOf('\n', state.cursor - 1) + 1,
      state.cursor,
    );
    const tabSize = state.usesTabs ? state.tabSize : undefined;
    const proposed = screen.ghost ? proposalOf(screen.ghost, before, tabSize) : undefined;
    const rest = aim.target.slice(state.cursor, aim.end);
    const reaction = proposed ? reactTo(proposed.text, rest, mood) : undefined;
    await this.#options.onMoment?.(proposed ? 'shown' : 'silent');
    if (reaction) await this.#react(reaction);
    const after = this.#state;
    const tookAny = after !== state && reaction !== undefined;
    if (tookAny) await this.#options.onMoment?.('taken');
    const kept = tookAny ? Math.max(0, rightUntil(after, aim) - state.cursor) : 0;
    this.#pauses.push({
      ...{ offset: state.cursor, before, automatic: automaticText(state, aim) },
      ...{ isBeforeCloser: isBeforeCloser(state, aim), rest, proposed: proposed?.text ?? '' },
      waitMs: screen.ghost ? Math.max(0, (first.ghostMs ?? first.keyMs) - first.keyMs) : null,
      ...{ keyMs: first.keyMs, endMs: Date.now() },
      reaction: reaction?.kind ?? 'silent',
      taken: tookAny ? Math.max(kept, after.text.length - state.text.length) : 0,
      kept,
      doubled: tookAny && doublesCloser(state.text, after.text, aim.target),
      broken: tookAny && (await this.#errors(after)) > (await this.#errors(state)),
      list: screen.list !== null,
    });
    this.#sincePause = 0;
    return kept > 0;
  }

  async #react(reaction: Reaction): Promise<void> {
    switch (reaction.kind) {
      case 'accept':
      case 'mend':
        return this.#press('Tab');
      case 'partial': {
        const goal = this.#state.cursor + reaction.words.reduce((sum, word) => sum + word, 0);
        for (let i = 0; i < reaction.words.length && this.#state.cursor < goal; i++) {
          await this.#press('Control+ArrowRight');
          if (rightUntil(this.#state, this.#hunk.aim) < this.#state.cursor) return;
        }
        return;
      }
      case 'dismiss':
        await this.#window.press('Escape');
        this.#keys++;
        return this.#rest(150);
      case 'typeAgainst':
      case 'ignore':
        return;
    }
  }

  /** Types letters with no look between them. */
  async #typeRun(run: string): Promise<void> {
    const { text, cursor } = this.#state;
    for (const character of run) {
      await this.#window.page.keyboard.type(character);
      await this.#rest(this.#delay(false));
    }
    this.#keys += run.length;
    this.#typed += run.length;
    this.#sincePause += run.length;
    await this.#settle([text.slice(0, cursor) + run + text.slice(cursor)]);
  }

  /** Presses one key and waits for what comes of it. */
  async #press(key: string, isSlow = false): Promise<void> {
    const { text, cursor } = this.#state;
    const { keyboard } = this.#window.page;
    if (key.length > 1 && /^\w/.test(key)) await keyboard.press(key);
    else {
      await keyboard.type(key);
      this.#typed++;
    }
    this.#keys++;
    this.#sincePause++;
    await this.#rest(this.#delay(isSlow));
    const [before, behind] = [text.slice(0, cursor), text.slice(cursor)];
    await this.#settle([before + key + behind]);
  }

  #delay(isSlow: boolean): number {
    const slow = isSlow || this.#sincePause < slowAfter;
    return slow ? 120 + 130 * this.#random() : 30 + 30 * this.#random();
  }

  /** The editor's list would take these keys for itself. */
  async #clearTheWay(key: string): Promise<void> {
    if (/^\w$/.test(key)) return;
    const { list, ghost } = await readScreen(this.#window.page);
    const word = /[\p{L}\p{N}_$]*$/u.exec(this.#state.text.slice(0, this.#state.cursor))?.[0];
    const isTaken = key.length > 1 || (list !== '' && list !== word);
    const takesKeys = key === 'Enter' || key === 'Tab' || key.length === 1;
    if (list !== null && takesKeys && isTaken) await this.#window.press('Escape');
    if (ghost && key === 'Tab') await this.#window.press('Escape');
  }

  /** Reads the state until it holds one of these texts, or has changed and stays as it is. */
  async #settle(expected: readonly string[]): Promise<void> {
    const old = this.#state;
    const startMs = Date.now();
    let last = old;
    for (;;) {
      const state = await this.#window.inHost(readState);
      this.#state = state;
      const isSame = state.text === last.text && state.cursor === last.cursor;
      const isOld = state.text === old.text && state.cursor === old.cursor;
      const isMoved = state.cursor !== old.cursor;
      if (expected.includes(state.text) && isMoved) return;
      if (isSame && !isOld) return;
      if (isOld && Date.now() - startMs > deafMs) return;
      last = state;
      await this.#rest(isOld ? 10 : 40);
    }
  }

  /** Syntax errors around the cursor. */
  async #errors({ text, cursor }: OpenedState): Promise<number> {
    const { languageId } = this.#hunk;
    await this.#options.parser.load(languageId);
    const from = text.lastIndexOf('\n', Math.max(0, cursor - syntaxCharacters)) + 1;
    const to = text.indexOf('\n', cursor + syntaxCharacters);
    const code = text.slice(from, to < 0 ? text.length : to);
    const errors = this.#options.parser.errorsIn(languageId, code);
    // What cannot be parsed is not broken by anybody: comparing with it is false.
    return errors?.length ?? NaN;
  }

  #rest(ms: number): Promise<void> {
    return this.#window.page.waitForTimeout(ms);
  }
}
