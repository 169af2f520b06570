import { describe, expect, test } from 'vitest';
import { ModuleIndex } from '../../../src/completion/moduleIndex';
import { languageOf } from '../../../src/util/language';

const repository = 'garden';

function indexOf(files: Readonly<Record<string, string>>): ModuleIndex {
  const index = new ModuleIndex();
  for (const [path, text] of Object.entries(files)) index.update(path, { path, repository, text });
  return index;
}

function mayExist(index: ModuleIndex, specifier: string, path: string, isUsed = false): boolean {
  return index.mayExist(specifier, { path, repository, languageId: languageOf(path) }, isUsed);
}

describe('packages of a script', () => {
  const index = indexOf({
    'package.json': '{"name": "garden", "devDependencies": {"vitest": "4"}}',
    'packages/beds/package.json': '{"name": "@garden/beds", "dependencies": {"got": "15"}}',
    'packages/plants/package.json': '{"name": "@garden/plants"',
    'packages/beds/src/a.ts': '',
  });

  test.each([
    ['of the nearest manifest', 'got', 'packages/beds/src/b.ts', true],
    ['of one above', 'vitest/config', 'packages/beds/src/b.ts', true],
    ['of one beside', 'got', 'packages/plants/src/b.ts', false],
    ['of the workspace itself', '@garden/beds', 'packages/plants/src/b.ts', true],
    ['of a manifest that is being written', '@garden/plants', 'src/b.ts', false],
    ['with an address', 'https://deno.land/std/path.ts', 'src/b.ts', true],
    ['of a bundler', '@/components/Bed', 'src/b.ts', true],
  ])('%s: %s', (_, specifier, path, expected) => {
    expect(mayExist(index, specifier, path)).toBe(expected);
  });

  test('that another file imports', () => {
    expect(mayExist(index, 'ky', 'src/b.ts', true)).toBe(true);
    expect(mayExist(index, 'ky', 'src/b.ts', false)).toBe(false);
  });

  test('anything may be where a configuration lets bare names mean files', () => {
    const open = indexOf({
      'package.json': '{"name": "garden"}',
      'tsconfig.json': '{"compilerOptions": {"baseUrl": "src"}}',
      'src/a.ts': '',
    });
    expect(mayExist(open, 'beds/rose', 'src/b.ts')).toBe(true);
  });
});

describe('files of a script', () => {
  const index = indexOf({ 'src/a.mts': '', 'src/b/index.tsx': '', 'src/c.d.ts': '', 'd.js': '' });

  test.each([
    ['./a.mjs', true],
    ['./b', true],
    ['./c', true],
    ['../d', true],
    ['../d.js', true],
    ['./e', false],
    ['./b/e', false],
    ['./e.svg', true],
    ['../dist/e.js', true],
    ['../../other/e.js', true],
  ])('%s', (specifier, expected) => {
    expect(mayExist(index, specifier, 'src/main.ts')).toBe(expected);
  });

  test('one that is taken away is no longer there', () => {
    const changing = indexOf({ 'src/a.ts': '', 'src/b.ts': '', 'src/c.ts': '', 'src/d.ts': '' });
    changing.remove('src/a.ts');
    expect(mayExist(changing, './a', 'src/main.ts')).toBe(false);
    expect(mayExist(changing, './b', 'src/main.ts')).toBe(true);
  });
});

describe('modules of Python', () => {
  const project =
    '[project]\nname = "garden"\ndependencies = ["beautifulsoup4", "ruamel.yaml>=1"]\n';
  const files = { 'src/garden/beds.py': '', 'src/garden/plants/rose.py': '', 'tests/a.py': '' };

  test.each([
    ['garden.beds', true],
    ['garden.plants', true],
    ['garden.plants.rose', true],
    ['garden.plants.lily', false],
    ['..beds', true],
    ['..lily', false],
    ['.rose', true],
    ['bs4', true],
    ['ruamel.yaml', true],
    ['numpy', false],
    ['json.decoder', true],
  ])('%s', (specifier, expected) => {
    const index = indexOf({ ...files, 'pyproject.toml': project });
    expect(mayExist(index, specifier, 'src/garden/plants/main.py')).toBe(expected);
  });

  test('of any name may be where no manifest says on what the project depends', () => {
    const index = indexOf({ ...files, 'pyproject.toml': '[tool.ruff]\nline-length = 100\n' });
    expect(mayExist(index, 'numpy', 'src/garden/main.py')).toBe(true);
  });
});

test('nothing is denied in a workspace that is not known yet, and outside any', () => {
  expect(mayExist(indexOf({ 'a.ts': '' }), './b', 'main.ts')).toBe(true);
  const index = new ModuleIndex();
  for (const path of ['a.ts', 'b.ts', 'c.ts'])
    index.update(path, { path, repository: '', text: '' });
  const outside = { path: 'main.ts', repository: '', languageId: 'typescript' };
  expect(index.mayExist('./d', outside, false)).toBe(true);
});
