import { expect, test } from 'vitest';
import { type ExtensionHost, languageNames } from '../../../src/editor/languageNames';

const extension = (...languages: readonly object[]) => ({
  packageJSON: { contributes: { languages } } as unknown,
});

function editor(...all: { readonly packageJSON: unknown }[]) {
  let changed = (): void => undefined;
  const host: ExtensionHost = {
    all,
    onDidChange(listener) {
      changed = listener;
      return { dispose: () => (changed = () => undefined) };
    },
  };
  return { host, all, change: () => changed() };
}

test.each([
  ['typescript', 'TypeScript'],
  ['plaintext', 'Plain Text'],
  ['nameless', 'nameless'],
  ['unknown', 'unknown'],
])('the name of %s is %s', (id, name) => {
  const { host } = editor(
    { packageJSON: {} },
    extension({ id: 'typescript', aliases: ['TypeScript', 'ts'] }, { id: 'nameless' }),
    // Another extension adds file endings to a language, or a name of its own.
    extension({ id: 'typescript', extensions: ['.x'] }, { id: 'typescript', aliases: ['Other'] }),
  );
  expect(languageNames(host)(id)).toBe(name);
});

test('an extension that is installed later brings its names along', () => {
  const { host, all, change } = editor();
  const nameOf = languageNames(host);
  expect(nameOf('zig')).toBe('zig');
  all.push(extension({ id: 'zig', aliases: ['Zig'] }));
  change();
  expect(nameOf('zig')).toBe('Zig');
});
