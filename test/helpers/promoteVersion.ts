/**
 * A process that puts one version in place and prints what came of it: bundled, and run by
 * `test/unit/host/fullDisk.test.ts` where next to nothing can be written.
 */
import { writeSync } from 'node:fs';
import { type BaseIdentity, openRegistry } from '../../src/training/registry';

const [directory = '', id = '', base = '{}'] = process.argv.slice(2);

const registry = openRegistry({
  directory,
  base: JSON.parse(base) as BaseIdentity,
  merge: () => Promise.reject(new Error('Its model is there.')),
});
registry.promote(id).then(
  () => writeSync(1, 'promoted'),
  (error: unknown) => writeSync(1, String(error)),
);
