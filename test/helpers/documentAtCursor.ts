/** A document written with `█` where the cursor stands, for tests whose input is source text. */
import type { DocumentSnapshot } from '../../src/completion/context';

export function documentAtCursor(
  marked: string,
  overrides: Partial<DocumentSnapshot> = {},
): DocumentSnapshot {
  const offset = marked.indexOf('█');
  if (offset < 0) throw new Error('The text has no █ where the cursor stands.');
  return {
    uri: 'file:///repository/src/main.ts',
    path: 'src/main.ts',
    repository: 'repository',
    languageId: 'typescript',
    text: marked.slice(0, offset) + marked.slice(offset + 1),
    offset,
    ...overrides,
  };
}
