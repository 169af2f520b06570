/** Where a model is put whose user named no place. */
import * as os from 'node:os';
import * as path from 'node:path';
import { expect, test } from 'vitest';
import { destinationOf } from '../../../src/cli/importCommand';

const models = path.join(os.homedir(), '.hone', 'models');
const here = path.resolve('.');

test.each([
  ['models/tiny.gguf', 'tiny'],
  ['models/Tiny/', 'Tiny'],
  ['.', path.basename(here)],
  ['..', path.basename(path.dirname(here))],
  ['/', 'model'],
])('a model from %s gets a folder of its own', (source, name) => {
  expect(destinationOf(source)).toBe(path.join(models, name));
});
