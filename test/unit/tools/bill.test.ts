/** What the package says of other people's work in it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { writeBill } from '../../../tools/bill.mjs';
import { temporaryFolder } from '../../helpers/temporaryFolder';

test('every package in the bundle and beside it is listed once, with its licence and its text', async () => {
  const folder = await temporaryFolder();
  const inputs = [
    'src/cli.ts',
    'node_modules/zod/index.js',
    'node_modules/zod/v4/core.js',
    'node_modules/@huggingface/gguf/dist/index.js',
  ];
  writeBill(inputs, folder);
  const bill = JSON.parse(await readFile(path.join(folder, 'sbom.cdx.json'), 'utf8')) as {
    readonly bomFormat: string;
    readonly components: readonly { readonly name: string; readonly purl: string }[];
  };
  const texts = await readFile(path.join(folder, 'LICENSES.txt'), 'utf8');
  expect(bill.bomFormat).toBe('CycloneDX');
  const names = bill.components.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(['zod', '@huggingface/gguf', 'sqlite3', 'bindings']),
  );
  expect(new Set(names).size).toBe(names.length);
  for (const { name, purl } of bill.components) {
    expect(purl).toMatch(/^pkg:npm\/(?:%40[\w-]+\/)?[\w.-]+@\d+\.\d+\.\d+/);
    expect(texts).toContain(`${name} `);
  }
  expect(texts).not.toMatch(/^Licensed under \S+\.$/m);
});
