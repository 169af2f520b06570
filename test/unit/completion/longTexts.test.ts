/** Texts of every unkind shape, as long as the editor hands them over: nothing may take quadratic time. */
import { describe, expect, test } from 'vitest';
import { buildContext } from '../../../src/completion/context';
import { CopyIndex } from '../../../src/completion/copyIndex';
import { enclosingName } from '../../../src/completion/enclosing';
import { freeNames } from '../../../src/completion/freeNames';
import { isGenerated } from '../../../src/completion/generated';
import { declarationOf, importsOf } from '../../../src/completion/imports';
import { NeighbourIndex } from '../../../src/completion/neighbours';
import { scanSyntax } from '../../../src/completion/syntax';
import { trim } from '../../../src/completion/trim';
import { minimalEdits } from '../../../src/feedback/minimalEdits';
import type { CompletionContext } from '../../../src/types';

/** Documents up to this length are read whole; see `documentText.ts`. */
const longest = 256 * 1024;

const units = {
  'blank lines': '\n',
  blanks: ' ',
  tabs: '\t',
  'Windows line ends': '\r\n',
  'imports that do not end': 'import {\n',
  'imports of Python that do not end': 'from x import (\n',
  dots: 'from ....',
  'escaped quotes': '"\\',
  templates: '`${',
  'open comments': '/*',
  'open brackets': '(',
  'closing brackets': ')',
  'one long word': 'a',
  'many words': 'a ',
  classes: 'export class A {\n',
  'open functions': 'const f = (',
  'open docstrings': '"""',
  'the same line': 'return x;\n',
};

const place = { path: 'a.ts', repository: 'r', languageId: 'typescript' };
const at = (text: string, offset: number) => ({ uri: 'file:///a.ts', ...place, text, offset });

function lookUp(text: string): unknown {
  const index = new CopyIndex();
  index.update('other', 'typescript', 'abc def ghi = jkl(mno);\n'.repeat(50));
  return index.lookup({ ...at(text, text.length - 3), multiline: true });
}

function neighboursOf(text: string): unknown {
  const index = new NeighbourIndex();
  index.update({ uri: 'file:///b.ts', ...place, path: 'b.ts', text: 'export const a = 1;' });
  index.update({ uri: 'file:///c.ts', ...place, path: 'c.ts', text });
  return [index.near(at(text, text.length - 3)), index.missingImports(at(text, text.length - 3))];
}

/** Looks that never see a whole document see a part of it. */
const part = (text: string, share: number) => text.slice(0, text.length / share);

/** A cursor behind so many brackets that nothing closes. */
function afterOpeners(count: number): CompletionContext {
  return { ...place, snippets: [], prefix: '('.repeat(count), suffix: '', multiline: true };
}

const looks: Readonly<Record<string, (text: string) => unknown>> = {
  imports: (text) => importsOf(text, 'typescript'),
  'imports of Python': (text) => importsOf(text, 'python'),
  declarations: (text) => declarationOf('x', text, 'typescript'),
  'generated files': (text) => isGenerated('a.ts', text),
  'names of files': (text) => isGenerated(text, ''),
  brackets: (text) => scanSyntax(text, 'typescript'),
  'enclosing names': (text) => enclosingName(text, text.length - 3),
  'free names': (text) => freeNames(part(text, 4), 'typescript'),
  'free names of Python': (text) => freeNames(part(text, 4), 'python'),
  'where to cut': (text) => trim(part(text, 32), afterOpeners(text.length / 32)),
  contexts: (text) => buildContext(at(text, text.length / 2), 'auto'),
  edits: (text) => minimalEdits(text, text.slice(1) + 'x'),
  copies: lookUp,
  neighbours: neighboursOf,
};

/** Milliseconds of processor time of this thread, so that a busy machine does not count. */
function processorMs(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Time for the longest text, as a multiple of that for a quarter of it. */
function growth(look: (text: string) => unknown, unit: string): number {
  const texts = [longest / 4, longest].map((length) => unit.repeat(length / unit.length));
  const [short = 0, long = 0] = texts.map((text) =>
    Math.min(...[1, 2].map(() => processorMs(() => look(text)))),
  );
  return long / Math.max(short, noticeableMs);
}

/** Less than this is as good as nothing. */
const noticeableMs = 12;

describe.each(Object.entries(looks))('a look for %s', (_, look) => {
  test.each(Object.entries(units))('in %s takes time in proportion', (_, unit) => {
    // Four times the text: 4 where time is in proportion, 16 where it is quadratic.
    expect(growth(look, unit)).toBeLessThan(10);
  });
});
