// The sample project of `npm start`: a copy of test/fixtures/sample-project that is a git repository of
// its own, in which it grows declaration by declaration, so that there is a history to learn from.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { run } from './console.mjs';
import { root } from './setup.mjs';

const original = path.join(root, 'test/fixtures/sample-project');

/**
 * What each commit adds: declarations by name, or whole files.
 *
 * @type {readonly { readonly message: string; readonly adds: Readonly<Record<string, readonly string[] | 'all'>> }[]}
 */
export const steps = [
  {
    message: 'Describe plants and beds',
    adds: {
      '.gitignore': 'all',
      'README.md': 'all',
      'package.json': 'all',
      'tsconfig.json': 'all',
      'src/plant.ts': ['Light', 'Plant', 'Bed'],
    },
  },
  { message: 'Plant a garden', adds: { 'src/garden.ts': 'all' } },
  {
    message: 'Say which plants are thirsty',
    adds: { 'src/plant.ts': ['isThirsty', 'daysBetween'] },
  },
  {
    message: 'Schedule the waterings',
    adds: { 'src/schedule.ts': ['Task', 'schedule', 'thirstyPlants'] },
  },
  { message: 'List what is due today', adds: { 'src/schedule.ts': ['dueToday'] } },
  { message: 'List what is due tomorrow', adds: { 'src/schedule.ts': ['dueTomorrow'] } },
  { message: 'Report what to water', adds: { 'src/report.ts': 'all' } },
  {
    message: 'Convert the lengths on seed packets',
    adds: { 'src/units.ts': ['inchesToCentimetres', 'feetToCentimetres'] },
  },
  {
    message: 'Convert lengths back',
    adds: { 'src/units.ts': ['centimetresToInches', 'centimetresToFeet'] },
  },
  {
    message: 'Convert volumes',
    adds: { 'src/units.ts': ['gallonsToLitres', 'litresToGallons'] },
  },
  {
    message: 'Say which plants are tall, and which are happy',
    adds: { 'src/plant.ts': ['isTall', 'isHappy'] },
  },
];

/**
 * Makes the project, whole or not at all. Without git it has no history, and is complete otherwise.
 *
 * @param {string} destination A folder that does not exist yet.
 */
export async function makeSampleProject(destination) {
  const making = `${destination}.making`;
  fs.rmSync(making, { recursive: true, force: true });
  fs.mkdirSync(making, { recursive: true });
  const hasHistory = await commitSteps(making);
  if (!hasHistory) fs.rmSync(path.join(making, '.git'), { recursive: true, force: true });
  // What git ignores is not in the history.
  fs.cpSync(original, making, { recursive: true });
  fs.renameSync(making, destination);
}

/** @param {string} folder */
async function commitSteps(folder) {
  /** @param {readonly string[]} args @param {string} [date] */
  const git = async (args, date = '') => {
    const { code } = await run('git', ['-C', folder, ...args], {
      quiet: true,
      env: { ...gitEnvironment, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
    });
    return code === 0;
  };
  if (!(await git(['init', '--quiet', '--initial-branch=main']))) return false;
  for (const [index, { message, adds }] of steps.entries()) {
    for (const file of Object.keys(adds)) {
      const target = path.join(folder, file);
      fs.mkdirSync(path.dirname(target), { recursive: true });
      fs.writeFileSync(target, textAt(file, index));
    }
    const date = new Date(Date.UTC(2026, 3, 1 + index, 9)).toISOString();
    if (!(await git(['add', '--all']))) return false;
    if (!(await git(['commit', '--quiet', `--message=${message}`], date))) return false;
  }
  return true;
}

/** The user's own git settings (signing, hooks, another author) do not bear on the sample. */
const gitEnvironment = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada Gardener',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Ada Gardener',
  GIT_COMMITTER_EMAIL: 'ada@example.org',
};

/**
 * A file as it stands after a step: of its paragraphs, the declarations that are there by then.
 *
 * @param {string} file
 * @param {number} index
 */
function textAt(file, index) {
  const text = fs.readFileSync(path.join(original, file), 'utf8');
  const added = steps.slice(0, index + 1).map(({ adds }) => adds[file] ?? []);
  if (added.includes('all')) return text;
  const names = added.flat();
  const kept = text
    .trimEnd()
    .split(/\n\n(?=\S)/)
    .filter((paragraph) => {
      const name = /^export (?:type|interface|function) (\w+)/m.exec(paragraph)?.[1];
      return name === undefined || names.includes(name);
    });
  return `${kept.join('\n\n')}\n`;
}
