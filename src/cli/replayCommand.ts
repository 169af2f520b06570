/** `hone replay`: a git history, or the releases of a package, replayed as edits with a simulated user. */
import { Command } from 'commander';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { createParser } from '../completion/parser';
import { defaultExploration } from '../completion/rerank';
import { defaultSettings } from '../contributions';
import { readModelFolder } from '../model/modelFolder';
import { readRewardWeights } from '../model/rewardModel';
import { adapterLearner } from '../replay/adapterLearner';
import { openHistory } from '../replay/history';
import type { ArmName } from '../replay/measures';
import { compareEagerness, type OtherEagerness } from '../replay/otherEagerness';
import { writePage } from '../replay/page';
import { type ArmSpec, replay, type ReplayProgress } from '../replay/replay';
import { reportOf, summaryOf } from '../replay/report';
import { rewardLearner } from '../replay/rewardLearner';
import type { LearnReport } from '../training/learn';
import { stderrLogger } from '../util/log';
import { number, oneOf, share, shares, wholeNumber } from './arguments';
import { grammars, shippedModel, shippedReward, withPolicy } from './model';
import { leftWords, note, print, progressBar } from './terminal';

const learnings = ['none', 'cache', 'reward', 'all', 'compare'] as const;
type Learning = (typeof learnings)[number];

export function replayCommand(signal: AbortSignal): Command {
  return new Command('replay')
    .description('replay a git history as edits: what would have been suggested, taken and learned')
    .argument('<repository>', 'git repository, bare or not, or folder of versions')
    .option('--learn <arm>', learnings.join(', '), oneOf(learnings), 'compare')
    .option('--name <text>', 'what the repository is called (default: its folder)')
    .option('--seed <n>', 'of pauses and of the simulated user', wholeNumber, 1)
    .option('--commits <n>', 'the newest commits that are walked', wholeNumber, 500)
    .option('--decisions <n>', 'places at which everybody is asked', wholeNumber, 300)
    .option('--model <dir>', 'imported model', shippedModel)
    .option('--reward <file>', 'reward model to start from', shippedReward)
    .option('--eagerness <n>', '0 to 1, as in the settings', share, defaultSettings.eagerness)
    .option('--instead <list>', 'eagernesses to estimate from that one, and to replay', shares)
    .option('--learn-every <n>', 'suggestions between two runs that train', wholeNumber, 100)
    .option('--learn-minutes <n>', 'what such a run may take on two cores', number, 3)
    .option('--cache <dir>', 'where answers of the model are kept', defaultCache)
    .option('--stores <dir>', 'keep the feedback store of each arm in this folder')
    .option('--report <dir>', 'write report.html, with pictures, into this folder')
    .option('--json', 'print the whole report as JSON')
    .action(async (repository: string, options: ReplayOptions) => {
      const scratch = await mkdtemp(path.join(os.tmpdir(), 'hone-replay-'));
      const directory = options.stores ?? scratch;
      const bar = progressBar('Replaying');
      const { commits, seed, decisions, cache, instead = [] } = options;
      try {
        if (instead.length > 0 && !plays(options, 'reward'))
          throw new Error('--instead compares the arm reward. Use --learn reward or compare.');
        const parser = createParser((name) => readFile(path.join(grammars, name)), stderrLogger);
        const report = await withPolicy(options, async (policy) => {
          const walk = async (arms: readonly ArmSpec[], stores: string) => {
            await mkdir(stores, { recursive: true });
            const history = await openHistory(repository, {
              ...{ commits, name: options.name },
              exclude: defaultSettings.exclude,
              signal,
            });
            const result = await replay(
              {
                ...{ history, policy, parser, seed, decisions, arms, directory: stores, cache },
                settings: defaultSettings,
                logger: stderrLogger,
                onProgress: (progress) => bar.set(progress.share, describe(progress)),
              },
              signal,
            ).finally(() => history.dispose());
            return { history, result };
          };
          const { history, result } = await walk(await armsOf(options, directory), directory);
          const otherEagerness: OtherEagerness[] = [];
          for (const eagerness of instead) {
            const arm = await rewardArm({ ...options, eagerness, exploration: 0 });
            const other = await walk([arm], path.join(scratch, `eagerness-${eagerness}`));
            const logs = { logged: result.records, replayed: other.result.records };
            otherEagerness.push(compareEagerness(logs, { arm: arm.name, eagerness, seed }));
          }
          return reportOf(result, { history, seed, policy: policy.version, otherEagerness });
        }).finally(() => bar.end());
        if (options.report !== undefined)
          note(`The report is in ${await writePage(report, path.resolve(options.report))}`);
        print(options.json ? JSON.stringify(report) : summaryOf(report));
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    });
}

const runWords = {
  passed: 'A version was trained and is used from here on.',
  refused: 'A version was trained and is not used.',
  notEnough: 'Nothing was trained.',
} as const satisfies Record<LearnReport['outcome'], string>;

/** Of one operator while training. */
const defaultThreads = 2;
const defaultCache = path.join(os.homedir(), '.cache', 'hone', 'replay');

interface ReplayOptions {
  readonly learn: Learning;
  readonly name?: string;
  readonly seed: number;
  readonly commits: number;
  readonly decisions: number;
  readonly model: string;
  readonly reward: string;
  readonly eagerness: number;
  readonly instead?: readonly number[];
  readonly learnEvery: number;
  readonly learnMinutes: number;
  readonly cache: string;
  readonly stores?: string;
  readonly report?: string;
  readonly json?: boolean;
}

/** The arm that was asked for, or all of them. */
async function armsOf(options: ReplayOptions, directory: string): Promise<ArmSpec[]> {
  const { eagerness, seed, learnEvery, learnMinutes } = options;
  const arms: ArmSpec[] = [];
  if (plays(options, 'none')) arms.push({ name: 'none', sees: 'file' });
  if (plays(options, 'cache')) arms.push({ name: 'cache', sees: 'workspace' });
  if (plays(options, 'reward')) arms.push(await rewardArm(options));
  if (plays(options, 'all')) {
    const prior = await readRewardWeights(options.reward);
    const learner = adapterLearner({
      ...{ prior, eagerness, seed, everySuggestions: learnEvery, minutes: learnMinutes },
      base: await readModelFolder(options.model),
      registryDir: path.join(directory, 'versions'),
      threads: defaultSettings.threads || defaultThreads,
      onRun: ({ outcome, sentences }) => note(`${runWords[outcome]} ${sentences.join(' ')}`),
    });
    arms.push({ name: 'all', sees: 'workspace', learner });
  }
  return arms;
}

function plays({ learn }: ReplayOptions, name: ArmName): boolean {
  return learn === 'compare' || learn === name;
}

async function rewardArm({
  reward,
  eagerness,
  seed,
  exploration = defaultExploration,
}: ReplayOptions & { readonly exploration?: number }): Promise<ArmSpec> {
  const prior = await readRewardWeights(reward);
  const learner = rewardLearner({ prior, eagerness, exploration, seed });
  return { name: 'reward', sees: 'workspace', learner };
}

function describe({ decisions, leftMs }: ReplayProgress): string {
  return `${decisions} decisions${leftWords(leftMs)}`;
}
