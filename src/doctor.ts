/**
 * `hone doctor`: looks at everything a suggestion needs (node, the native packages, the model and
 * its files' hashes, the grammars, the database, what was learned, the disk) and at what training would
 * take, and says of each what is there, what is wrong and how to mend it. It repairs nothing by itself.
 */
import { readFile, statfs } from 'node:fs/promises';
import * as path from 'node:path';
import { createParser, grammarFiles } from './completion/parser';
import { hashFiles } from './model/fileHash';
import { ModelError } from './model/errors';
import { readModelFolder } from './model/modelFolder';
import { openPolicy } from './model/policy';
import { readRewardWeights } from './model/rewardModel';
import { openFeedbackStore } from './store/feedbackStore';
import { unreadableText } from './store/rows';
import { countStored } from './store/storeReader';
import { TrainingError } from './training/errors';
import { planMemory } from './training/memory';
import { openRegistry } from './training/registry';
import { trainingSettings } from './training/settings';
import type { Logger } from './types';

export interface Finding {
  readonly subject: string;
  readonly state: 'fine' | 'broken';
  /** What is there, where it lies; for a broken one what to do about it. */
  readonly message: string;
}

export interface DoctorOptions {
  readonly modelDirectory: string;
  /** Where the files of `completion/parser.ts` lie. */
  readonly grammarDirectory: string;
  readonly database: string | undefined;
  /** What was learned from that database, see `editor/learningWork.ts`. */
  readonly learned?: string | undefined;
  /** Databases of the editor that were found, which it may have open: they are only looked into. */
  readonly found?: readonly string[];
  readonly logger: Logger;
}

/** Runs every check; one that fails does not keep the others from running. */
export async function diagnose(options: DoctorOptions): Promise<Finding[]> {
  const findings = [
    check('node', () => Promise.resolve(nodeVersion())),
    check('disk', () => freeSpace(options.modelDirectory)),
    check('model', () => modelFiles(options.modelDirectory)),
    check('engine', () => modelAnswers(options.modelDirectory)),
    check('training', () => trainingTakes(options.modelDirectory)),
    check('grammars', () => grammarsLoad(options.grammarDirectory)),
  ];
  const { database, learned, modelDirectory } = options;
  if (database !== undefined)
    findings.push(check('database', () => databaseHealth(database, options.logger)));
  if (learned !== undefined)
    findings.push(check('learned', () => whatWasLearned(learned, modelDirectory)));
  for (const file of options.found ?? []) {
    findings.push(check('database', () => databaseHolds(file)));
    const beside = path.join(path.dirname(file), 'learned');
    findings.push(check('learned', () => whatWasLearned(beside, modelDirectory)));
  }
  return Promise.all(findings);
}

export function formatFindings(findings: readonly Finding[]): string {
  return findings
    .map(
      ({ subject, state, message }) =>
        `${state === 'fine' ? ' ok ' : 'FAIL'}  ${subject}: ${message}`,
    )
    .join('\n');
}

async function check(subject: string, run: () => Promise<string>): Promise<Finding> {
  try {
    return { subject, state: 'fine', message: await run() };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { subject, state: 'broken', message };
  }
}

function nodeVersion(): string {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20)
    throw new Error(`node ${process.versions.node} is too old. Install node 20 or newer.`);
  return `${process.versions.node} on ${process.platform}-${process.arch}`;
}

async function freeSpace(directory: string): Promise<string> {
  const { bavail, bsize } = await statfs(path.parse(path.resolve(directory)).root);
  const megabytes = Math.floor((bavail * bsize) / 2 ** 20);
  if (megabytes < 500)
    throw new Error(`Only ${megabytes} MB are free. Free at least 500 MB for models and feedback.`);
  return `${megabytes} MB free`;
}

async function modelFiles(directory: string): Promise<string> {
  const { manifest } = await readModelFolder(directory);
  for (const [name, { sha256 }] of Object.entries(manifest.files)) {
    if ((await hashFiles([path.join(directory, name)])) !== sha256)
      throw new Error(
        `${path.join(directory, name)} is not what was imported. Delete ${directory} and import the model again.`,
      );
  }
  const { version, precision, formatVersion } = manifest;
  return `${version}, ${precision}, format ${formatVersion}, in ${directory}`;
}

async function modelAnswers(directory: string): Promise<string> {
  const policy = await openPolicy(await readModelFolder(directory), { threads: 1 });
  try {
    const context = {
      repository: '',
      path: 'check.ts',
      languageId: 'typescript',
      snippets: [],
      prefix: 'export function add(a: number, b: number) {\n  return ',
      suffix: '\n}\n',
      multiline: false,
    };
    const request = { context, samples: 0, temperature: 1, maxTokens: 8, seed: 1, drafts: [] };
    const { candidates } = await policy.generate(request, new AbortController().signal);
    return `continues "return " with ${JSON.stringify(candidates[0]?.text ?? '')}`;
  } finally {
    await policy.dispose();
  }
}

/** A model that is too large to be trained is no fault: it suggests all the same. */
async function trainingTakes(directory: string): Promise<string> {
  const { manifest } = await readModelFolder(directory);
  const { rank, maxTokens, maxMemoryBytes } = trainingSettings({ method: 'sft' });
  try {
    const plan = planMemory({
      config: manifest,
      layers: manifest.layers,
      rank,
      texts: 1,
      maxTokens: Math.min(maxTokens, manifest.maxPositions),
      maxMemoryBytes,
    });
    const megabytes = Math.ceil(plan.bytes / 1e6);
    return `texts of up to ${plan.maxTokens} tokens, in about ${megabytes} MB of memory`;
  } catch (error) {
    if (error instanceof TrainingError && error.code === 'memory') return error.message;
    throw error;
  }
}

/** The versions of the model and the reward model that learning made. */
async function whatWasLearned(directory: string, modelDirectory: string): Promise<string> {
  const { manifest } = await readModelFolder(modelDirectory);
  const registry = openRegistry({
    directory: path.join(directory, 'everywhere'),
    base: manifest,
    merge: () => Promise.reject(new Error('A doctor repairs nothing.')),
  });
  const versions = await registry.versions();
  const champion = await registry.champion();
  const gone = versions.filter(({ state }) => state === 'gone').length;
  const refused = versions.filter(({ state }) => state === 'refused').length;
  const said = [
    champion
      ? `version ${champion.id} is in use, ${champion.verdict.reasons[0] ?? ''}`
      : 'the original model is in use',
    `${versions.length} versions were made, ${refused} of them refused`,
    ...(gone > 0 ? [`the files of ${gone} are gone, which does no harm`] : []),
    await fittedReward(path.join(directory, 'reward.json')),
  ];
  return `${said.join('; ')}; in ${directory}`;
}

async function fittedReward(file: string): Promise<string> {
  try {
    const { labels } = await readRewardWeights(file);
    return `the reward model is fitted to ${labels} judgements`;
  } catch (error) {
    if (error instanceof ModelError && error.code === 'notFound')
      return 'the reward model is the one that ships';
    throw error;
  }
}

async function grammarsLoad(directory: string): Promise<string> {
  const problems: string[] = [];
  const parser = createParser((name) => readFile(path.join(directory, name)), {
    debug: () => undefined,
    info: () => undefined,
    warn: (_topic, message) => void problems.push(message),
    error: (_topic, message) => void problems.push(message),
  });
  const languages = Object.keys(grammarFiles);
  await Promise.all(languages.map((languageId) => parser.load(languageId)));
  if (problems.length > 0) throw new Error(problems.join(' '));
  return `syntax of ${languages.length} languages, in ${directory}`;
}

async function databaseHolds(file: string): Promise<string> {
  const { readable, unreadable } = await countStored(file);
  const held = `${readable} ${readable === 1 ? 'suggestion' : 'suggestions'} in ${file}`;
  return unreadable === 0 ? held : `${held}. ${unreadableText(unreadable)}`;
}

async function databaseHealth(file: string, logger: Logger): Promise<string> {
  const problems: string[] = [];
  const store = await openFeedbackStore(file, {
    logger,
    onProblem: (problem) => problems.push(problem.message),
  });
  try {
    if (problems.length > 0) throw new Error(problems.join(' '));
  } finally {
    await store.close();
  }
  return databaseHolds(file);
}
