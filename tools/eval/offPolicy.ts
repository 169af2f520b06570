/**
 * npm run eval -- offpolicy --histories DIR [--decisions N] [--commits N] [--answers DIR]: does the
 * off-policy estimate of another threshold say what a replay with that threshold finds? DIR has a
 * folder for each history, a clone of those of manifest.json for one. Each is replayed by the eagerness in
 * use, with the product's exploration, and then by each other eagerness, without; all are told alone and
 * together.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { Parser } from '../../src/completion/parser';
import { thresholdOf } from '../../src/completion/rerank';
import { defaultSettings } from '../../src/contributions';
import type { Policy } from '../../src/model/types';
import { readRewardWeights, type RewardWeights } from '../../src/model/rewardModel';
import { openHistory } from '../../src/replay/history';
import type { DecisionRecord } from '../../src/replay/measures';
import { compareEagerness, type Foretold } from '../../src/replay/otherEagerness';
import { replay } from '../../src/replay/replay';
import { rewardLearner } from '../../src/replay/rewardLearner';
import { stderrLogger } from '../../src/util/log';

export interface OffPolicyOptions {
  /** A folder of repositories, named as the policy is told that they are called. */
  readonly histories: string;
  /** Where answers of the policy are kept. */
  readonly answers: string;
  /** The newest commits that are walked, and places at which it is asked, of each history. */
  readonly commits: number;
  readonly decisions: number;
  readonly policy: Policy;
  readonly parser: Parser;
  readonly note: (line: string) => void;
}

/**
 * Half the threshold in use and twice it, nearly: further away nothing is drawn (see `rerank.ts`), and
 * so nothing is known.
 */
const otherEagernesses = [0.42, 0.46, 0.54, 0.58] as const;
const seed = 1;

/** Resolves to a table. */
export async function offPolicyReport(options: OffPolicyOptions): Promise<string> {
  const { histories, note } = options;
  const prior = await readRewardWeights(path.resolve('media/reward/pretrained.json'));
  const names = fs.readdirSync(histories).sort();
  const logged: Record<string, readonly DecisionRecord[]> = {};
  const replayed: Record<string, Record<number, readonly DecisionRecord[]>> = {};
  for (const name of names) {
    note(name);
    logged[name] = await play(options, name, { prior, eagerness: defaultSettings.eagerness, seed });
    const others: Record<number, readonly DecisionRecord[]> = {};
    for (const eagerness of otherEagernesses)
      others[eagerness] = await play(options, name, { prior, eagerness, exploration: 0, seed });
    replayed[name] = others;
  }
  const rows = [...names.map((name) => [name]), names].flatMap((some) =>
    otherEagernesses.map((eagerness) => {
      const logs = {
        logged: some.flatMap((name) => logged[name] ?? []),
        replayed: some.flatMap((name) => replayed[name]?.[eagerness] ?? []),
      };
      const found = compareEagerness(logs, { arm: 'reward', eagerness, seed });
      const title = some.length === 1 ? some[0] : 'all';
      return [
        ...[title, eagerness, found.threshold.toFixed(3), found.decisions],
        ...[found.effectiveSize.toFixed(0), ...cells(found.reward, 3), ...cells(found.retained, 2)],
      ].join(' | ');
    }),
  );
  return [
    `Logged from ${thresholdOf(defaultSettings.eagerness)} on.`,
    '',
    '| history | eagerness | shown from | decisions | effective | reward, estimated | replayed | inside | retained, estimated | replayed | inside |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}

function cells({ value, low, high, replayed }: Foretold, digits: number): string[] {
  return [
    `${value.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`,
    replayed.toFixed(digits),
    low <= replayed && replayed <= high ? 'yes' : 'no',
  ];
}

async function play(
  { histories, answers, commits, decisions, policy, parser }: OffPolicyOptions,
  name: string,
  learning: {
    readonly prior: RewardWeights;
    readonly eagerness: number;
    readonly exploration?: number;
    readonly seed: number;
  },
): Promise<readonly DecisionRecord[]> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hone-offpolicy-'));
  const history = await openHistory(path.join(histories, name), {
    ...{ name, commits, exclude: defaultSettings.exclude },
  });
  try {
    const { records } = await replay(
      {
        ...{ history, policy, parser, seed, decisions, directory, cache: answers },
        arms: [{ name: 'reward', sees: 'workspace', learner: rewardLearner(learning) }],
        ...{ settings: defaultSettings, logger: stderrLogger },
      },
      new AbortController().signal,
    );
    return records;
  } finally {
    history.dispose();
    fs.rmSync(directory, { recursive: true, force: true });
  }
}
