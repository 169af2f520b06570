/**
 * A policy that has answered before: each answer is kept in a file under a hash of what was asked and
 * of whom, so that a replay which is run again, or goes on after it was interrupted, costs little.
 * What is asked holds all that bears on the answer but the code that generates: when that changes,
 * `generation` goes up.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { GenerateResult, Policy } from '../model/types';

/** Goes up when the same question to the same weights would be answered otherwise. */
const generation = 4;

/** @param directory made if it does not exist */
export function rememberedPolicy(policy: Policy, directory: string): Policy {
  return {
    version: policy.version,
    warm: (context, signal) => policy.warm(context, signal),
    async generate(request, signal) {
      const key = createHash('sha256')
        .update(JSON.stringify([generation, policy.version, request]))
        .digest('hex');
      const file = path.join(directory, key.slice(0, 2), `${key}.json`);
      const known = await readAnswer(file);
      if (known !== undefined) return known;
      const answer = JSON.stringify(await policy.generate(request, signal));
      await writeAnswer(file, answer);
      return parsed(answer);
    },
  };
}

/** Undefined where there is none, or none that is whole. */
async function readAnswer(file: string): Promise<GenerateResult | undefined> {
  try {
    return parsed(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** JSON knows no NaN, which is the log-probability of a text that was not scored. */
function parsed(answer: string): GenerateResult {
  const restored = (name: string, value: unknown): unknown =>
    name === 'logProb' && value === null ? NaN : value;
  return JSON.parse(answer, restored) as GenerateResult;
}

async function writeAnswer(file: string, answer: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}.partial`;
  await writeFile(partial, answer);
  await rename(partial, file);
}
