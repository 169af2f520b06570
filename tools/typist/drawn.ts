/**
 * What the page of a window shows, read in the page itself and with its own clock: a recorder notes when
 * a key went down and each change of the ghost text. Its functions run in the page and see nothing else
 * of this file.
 */
import type { Page } from 'playwright-core';
import type { Drawn } from './ghost';

/** What is on screen beside the text. */
export interface Screen {
  /** Null where there is no ghost text. */
  readonly ghost: Drawn | null;
  /** The entry of the suggestion list that Enter would take, '' if none is; null without a list. */
  readonly list: string | null;
  /** When the last key went down, and ghost text first stood there after it; milliseconds, one clock. */
  readonly keyMs: number;
  readonly ghostMs: number | null;
}

interface Recorder {
  read(): Screen;
  keyMs: number;
  /** Ghost text as it changed, '' where it went. */
  readonly changes: { ms: number; key: string }[];
}

type Recording = typeof globalThis & { typist?: Recorder };

/** Begins to record; once for each load of the page. */
export function record(page: Page): Promise<void> {
  return page.evaluate(() => {
    const editor = (): Element | null => document.querySelector('.editor-instance .monaco-editor');
    const ghosts = '.ghost-text, .ghost-text-decoration, .ghost-text-decoration-preview';
    const plain = (text: string): string => text.replace(/\u00a0/g, ' ').replace(/\u200c/g, '');
    const piecesOf = (line: Element): { text: string; isGhost: boolean }[] =>
      [...line.querySelectorAll('span')]
        .filter((span) => span.childElementCount === 0)
        .filter((span) => !span.classList.contains('ghost-text-hidden'))
        .map((span) => ({ text: plain(span.textContent ?? ''), isGhost: span.matches(ghosts) }));
    const top = (line: Element): number => parseFloat((line as HTMLElement).style.top);
    const drawn = (): Drawn | null => {
      const shown = editor();
      if (!shown?.querySelector(ghosts)) return null;
      const line = [...shown.querySelectorAll('.view-lines > .view-line')].find((each) =>
        each.querySelector(ghosts),
      );
      const below = [...shown.querySelectorAll('.suggest-preview-text .view-line')]
        .sort((a, b) => top(a) - top(b))
        .map(piecesOf);
      return { line: line ? piecesOf(line) : [], below };
    };
    const changes: { ms: number; key: string }[] = [];
    const recorder: Recorder = {
      keyMs: 0,
      changes,
      read() {
        const list = document.querySelector('.suggest-widget.visible');
        const focused = list?.querySelector('.monaco-list-row.focused .label-name');
        const first = changes.find(({ ms, key }) => ms >= recorder.keyMs && key !== '');
        return {
          ghost: drawn(),
          list: list ? (focused?.textContent ?? '') : null,
          keyMs: recorder.keyMs,
          ghostMs: first?.ms ?? null,
        };
      },
    };
    (globalThis as Recording).typist = recorder;
    addEventListener(
      'keydown',
      ({ key }) => {
        // Held together with another key it is no key of its own.
        if (key === 'Control' || key === 'Shift') return;
        recorder.keyMs = Date.now();
        changes.splice(0, changes.length - 1);
      },
      { capture: true },
    );
    const root = document.querySelector('.part.editor');
    if (!root) throw new Error('There is no editor.');
    new MutationObserver(() => {
      const key = JSON.stringify(drawn() ?? '').replace(/^""$/, '');
      if (key !== (changes.at(-1)?.key ?? '')) changes.push({ ms: Date.now(), key });
    }).observe(root, { subtree: true, childList: true, characterData: true });
  });
}

export function readScreen(page: Page): Promise<Screen> {
  return page.evaluate(() => {
    const { typist } = globalThis as Recording;
    if (!typist) throw new Error('The page was loaded anew.');
    return typist.read();
  });
}

/** Waits for ghost text so long after the last key, in milliseconds. */
export function waitForGhost(page: Page, afterMs: number): Promise<Screen> {
  return page.evaluate(async (wait) => {
    const { typist } = globalThis as Recording;
    if (!typist) throw new Error('The page was loaded anew.');
    while (Date.now() < typist.keyMs + wait) {
      const screen = typist.read();
      if (screen.ghost) return screen;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return typist.read();
  }, afterMs);
}
