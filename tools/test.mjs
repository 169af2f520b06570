// `npm test`, after setup: type check, lint, unit tests, then the editor tests in a real VS Code.
// What needs no window runs beside the installation of the editor; the tests that watch a window run
// alone, since they wait on what it shows. The last line is `N passed, N failed`: tests, and for every
// other check that failed one. Stages to run may be named: check, lint, unit, inhost, ui; and vsix,
// which tests the packaged extension, and learning, which takes minutes; these are not among the rest.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import * as path from 'node:path';
import { main, Problem, run, seconds } from './console.mjs';
import { provideChromium } from './chromium.mjs';
import { installEditorHost } from './editorHost.mjs';
import { packageFile } from './package.mjs';
import { root } from './setup.mjs';

const named = process.argv.slice(2);
/** @param {string} stage */
const wanted = (stage) => named.length === 0 || named.includes(stage);
const vsix = named.includes('vsix');
const learning = named.includes('learning');
const needsEditor = wanted('inhost') || wanted('ui') || vsix || learning;

const total = { passed: 0, failed: 0 };
const start = Date.now();

async function test() {
  const [, editor] = await Promise.all([checks(), editorBesideChecks()]);
  if (editor && wanted('ui')) await uiTests(editor.chromium);
  if (editor && vsix) await uiTests(editor.chromium, { VSIX: packageFile(), EDITOR_TESTS: 'vsix' });
  if (editor && learning) await uiTests(editor.chromium, { EDITOR_TESTS: 'learning' });
  console.log(`\n${seconds(start)} in all`);
  if (total.failed > 0) process.exitCode = 1;
  console.log(`${total.passed} passed, ${total.failed} failed`);
}

/** What needs no window. The unit tests come last and alone: they use every core by themselves. */
async function checks() {
  const types = async () => {
    // What was found the last time is kept, so that only what changed is checked again.
    for (const [title, project] of /** @type {const} */ ([
      ['type check', '.'],
      ['type check of the tests', 'test'],
    ])) {
      const kept = `.cache/${title.replaceAll(' ', '-')}.json`;
      await check(title, 'tsc', ['-p', project, '--incremental', '--tsBuildInfoFile', kept]);
    }
  };
  const style = async () => {
    await check('lint', 'eslint', ['.', '--max-warnings', '0']);
    await check('format', 'prettier', ['--check', '--log-level', 'warn', '.']);
  };
  await Promise.all([wanted('check') && types(), wanted('lint') && style()]);
  if (wanted('unit')) await unitTests();
}

/** The editor and the suite within it, which waits for no pixels and bears company. */
async function editorBesideChecks() {
  const editor = needsEditor ? await provideEditor() : undefined;
  if (editor && wanted('inhost')) await inhostSuite(editor.chromium);
  return editor;
}

async function provideEditor() {
  try {
    const chromium = await provideChromium();
    await installEditorHost();
    return { chromium };
  } catch (error) {
    const text = error instanceof Problem ? `${error.message}\n${error.advice}` : String(error);
    report('editor host', { passed: 0, failed: 1 }, Date.now(), text);
    return undefined;
  }
}

/**
 * @param {string} title
 * @param {string} program
 * @param {readonly string[]} args
 */
async function check(title, program, args) {
  const began = Date.now();
  const { code, output } = await run(bin(program), args, { cwd: root, quiet: true });
  report(title, { passed: 0, failed: code === 0 ? 0 : 1 }, began, output);
}

async function unitTests() {
  const began = Date.now();
  const summary = summaryFile('unit');
  const args = ['run', '--reporter=dot', '--reporter=json', `--outputFile.json=${summary}`];
  const { code, output } = await run(bin('vitest'), args, { cwd: root, quiet: true });
  report('unit tests', count(summary, code), began, output);
}

/**
 * These take the longest and run alone, so what they say is passed on as they say it.
 *
 * @param {string} chromium
 * @param {Record<string, string>} [env]
 */
async function uiTests(chromium, env = {}) {
  const began = Date.now();
  const summary = summaryFile('ui');
  const config = ['--config', 'test/editor/vitest.config.mts', '--root', root];
  const args = ['run', ...config, '--reporter=verbose', '--reporter=json'];
  const { code } = await run(bin('vitest'), [...args, `--outputFile.json=${summary}`], {
    cwd: root,
    env: { CHROMIUM: chromium, ...env },
  });
  report('editor tests', count(summary, code), began, '');
}

/** @param {string} stage */
function summaryFile(stage) {
  const file = path.join(root, '.cache', `${stage}-tests.json`);
  rmSync(file, { force: true });
  return file;
}

/**
 * Reads vitest's summary. A run that ended badly without a failed test (a file that does not load,
 * an error outside any test) is one failure.
 *
 * @param {string} summary
 * @param {number} code
 */
function count(summary, code) {
  if (!existsSync(summary)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(summary, 'utf8'));
  const unexplained = code !== 0 && numFailedTests === 0;
  return { passed: numPassedTests, failed: unexplained ? 1 : numFailedTests };
}

/** @param {string} chromium */
async function inhostSuite(chromium) {
  const began = Date.now();
  const { code, output } = await run(process.execPath, ['test/editor/inhost.mjs'], {
    cwd: root,
    quiet: true,
    env: { CHROMIUM: chromium },
  });
  const line = /^(\d+) passed, (\d+) failed$/m.exec(output);
  const counts = { passed: Number(line?.[1] ?? 0), failed: Number(line?.[2] ?? 0) };
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  report('in-host suite', counts, began, output);
}

/**
 * One line for a stage that passed; the whole output of one that did not.
 *
 * @param {string} title
 * @param {{passed: number, failed: number}} counts
 * @param {number} began
 * @param {string} output
 */
function report(title, counts, began, output) {
  total.passed += counts.passed;
  total.failed += counts.failed;
  const tests = counts.passed + counts.failed > 0 ? `, ${counts.passed} passed` : '';
  const failed = counts.failed > 0 ? `, ${counts.failed} failed` : '';
  if (counts.failed > 0 && output) console.log(output.trimEnd());
  console.log(`${counts.failed > 0 ? '✗' : '✓'} ${title}${tests}${failed} (${seconds(began)})`);
}

/** @param {string} name */
const bin = (name) => path.join(root, 'node_modules/.bin', name);

await main(test);
