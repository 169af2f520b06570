// What the tools print and how they run other programs: a line for each step with its time, a sign
// of life on long ones, and errors that end in advice rather than a stack. Plain Node built-ins,
// because setup runs before anything is installed.
import { spawn } from 'node:child_process';
import { clearInterval, setInterval } from 'node:timers';

/** Something the user can mend: a plain sentence, and what to do about it. */
export class Problem extends Error {
  /**
   * @param {string} message
   * @param {string} advice
   */
  constructor(message, advice) {
    super(message);
    this.name = 'Problem';
    this.advice = advice;
  }
}

/** @param {number} startMs */
export const seconds = (startMs) => `${((Date.now() - startMs) / 1000).toFixed(1)} s`;

/**
 * Runs one long step, announced by `title`; every twenty seconds a line says that it is still at it.
 *
 * @template T
 * @param {string} title
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const start = Date.now();
  console.log(`• ${title}`);
  const alive = setInterval(() => console.log(`  … ${seconds(start)}`), 20_000);
  try {
    const result = await work();
    console.log(`  took ${seconds(start)}`);
    return result;
  } finally {
    clearInterval(alive);
  }
}

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {Record<string, string | undefined>} [env] Added to this process's own.
 * @property {boolean} [quiet] Keep the output instead of passing it through.
 *
 * @typedef {object} RunResult
 * @property {number} code Exit code; 127 when the program does not exist, 1 when a signal ended it.
 * @property {string} output Standard output and error together; empty unless `quiet`.
 */

/**
 * Runs a program to its end. Never rejects: the exit code says how it went.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<RunResult>}
 */
export function run(command, args, { cwd, env, quiet = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => (output += text));
    child.stderr?.setEncoding('utf8').on('data', (text) => (output += text));
    child.once('error', (error) => resolve({ code: 127, output: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/**
 * The last line of every tool: runs it, and turns a `Problem` into its sentence and advice.
 *
 * @param {() => Promise<void>} tool
 */
export async function main(tool) {
  try {
    await tool();
  } catch (error) {
    if (error instanceof Problem) console.error(`\n✗ ${error.message}\n  ${error.advice}`);
    else console.error(error);
    process.exitCode = 1;
  }
}
