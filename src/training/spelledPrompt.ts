/**
 * Reads back the prompts of an export, in which the names of the repository and of files stand after
 * spelled marks (`feedback/trainingRows.ts` writes them): for the policy those marks are tokens, and a
 * prompt of plain text is not what it reads at inference. A prompt without marks is left as it is.
 */
import { unescapeMarks } from '../feedback/spelledMarks';
import type { Snippet } from '../types';

export interface SpelledPrompt {
  readonly repository: string;
  readonly path: string;
  readonly snippets: readonly Pick<Snippet, 'path' | 'text'>[];
  /** The text before the cursor. */
  readonly text: string;
}

export function readSpelledPrompt(prompt: string): SpelledPrompt {
  const [opening = '', ...files] = prompt.split('<file_sep>');
  const isSpelled = files.length > 0 && /^(?:<repo_name>[^\n]*)?$/.test(opening);
  const parts = files.map((file) => {
    const end = file.indexOf('\n');
    if (end < 0) return undefined;
    return { path: unescapeMarks(file.slice(0, end)), text: unescapeMarks(file.slice(end + 1)) };
  });
  const whole = parts.filter((part) => part !== undefined);
  const last = whole.at(-1);
  if (!isSpelled || last === undefined || whole.length < parts.length) {
    return { repository: '', path: '', snippets: [], text: prompt };
  }
  return {
    repository: unescapeMarks(opening.slice('<repo_name>'.length)),
    path: last.path,
    snippets: whole.slice(0, -1).map(({ path, text }) => ({ path, text: text.replace(/\n$/, '') })),
    text: last.text,
  };
}
