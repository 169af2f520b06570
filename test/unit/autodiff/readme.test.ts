/** README.md keeps its word: its list is the table, and its example runs. */
import { execFile } from 'node:child_process';
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as esbuild from 'esbuild';
import { expect, test } from 'vitest';
import { differentiableOperators } from '../../../src/autodiff/rules';
import { temporaryFolder } from '../../helpers/temporaryFolder';

const readme = () => readFile(new URL('../../../src/autodiff/README.md', import.meta.url), 'utf8');

test('the list of supported operators is the table', async () => {
  const list = /<!-- operators -->([^]*)<!-- \/operators -->/.exec(await readme())?.[1] ?? '';
  const named = Array.from(list.matchAll(/`(\w+)`/g), ([, name]) => name);
  expect(named).toEqual(differentiableOperators);
});

test('the example runs as it stands and finds the line', async () => {
  const code = /```ts\n([^]*?)```/.exec(await readme())?.[1] ?? '';
  const folder = await temporaryFolder();
  const file = join(folder, 'example.mjs');
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  await esbuild.build({
    stdin: { contents: code, loader: 'ts', resolveDir: join(root, 'src') },
    ...{ outfile: file, bundle: true, platform: 'node', format: 'esm' },
    external: ['onnxruntime-node'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
  const { stdout } = await promisify(execFile)(process.execPath, [file]);
  const numbers = Array.from(stdout.matchAll(/\[\s*([\d.]+)\s*\]/g), ([, number]) =>
    Number(number),
  );
  expect(numbers).toHaveLength(2);
  expect(numbers[0]).toBeCloseTo(2, 3);
  expect(numbers[1]).toBeCloseTo(1, 3);
}, 30_000);
