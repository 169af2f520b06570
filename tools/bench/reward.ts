/**
 * The reward model at its three places: ordering four candidates, refitting to as many suggestions as a
 * fit reads, and, beside it, making the rows that the language model is trained on. Suggestions are those
 * of an imagined user in real source files, read from a store on disk as a child reads them.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { featureNames } from '../../src/completion/features';
import { choose } from '../../src/completion/judge';
import { OutcomeMemory } from '../../src/completion/outcomeMemory';
import { createRewardModel, readRewardWeights } from '../../src/model/rewardModel';
import { insertEvent } from '../../src/store/insertEvent';
import { openDatabase } from '../../src/store/opening';
import { readNewest, readStores } from '../../src/store/storeReader';
import { buildDataset } from '../../src/training/dataset';
import { maxRefitted, refitReward } from '../../src/training/rewardFit';
import type { FeedbackEvent, StoredSuggestion } from '../../src/types';
import { stderrLogger } from '../../src/util/log';
import { seededRandom } from '../../src/util/random';
import { quantile } from '../../src/util/statistics';
import { plainTaste, rewardHistory } from '../../test/helpers/rewardHistory';
import { type Figure, format, spread } from './machine';
import { packageSources, root } from './places';

/** Characters of a document before and after the cursor, about as many as a model is told. */
const prefixLength = 4_000;
const suffixLength = 1_000;
const reranks = 500;
const perTransaction = 1_000;

export async function benchReward(): Promise<Figure[]> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hone-bench-'));
  try {
    const history = suggestionsOf(maxRefitted);
    const rerankMs = await timeReranks(history.slice(0, reranks));
    const file = path.join(directory, 'feedback.db');
    await fill(file, history);
    const prior = await readRewardWeights(path.join(root, 'media/reward/pretrained.json'));
    const refit = await timed(() =>
      refitReward(readNewest([file], maxRefitted, stderrLogger), prior),
    );
    const dataset = await timed(() => buildDataset(readStores([file], stderrLogger)));
    const sorted = rerankMs.toSorted((a, b) => a - b);
    const wanted = '<= 3 ms';
    return [
      {
        what: 'order and silence of four candidates',
        value: format(spread(rerankMs), 'ms'),
        wanted,
      },
      { what: 'the same, p99', value: `${quantile(sorted, 0.99).toFixed(2)} ms`, wanted },
      { what: 'refit of 20,000 suggestions, in a child', value: refit, wanted: '< 30 s' },
      {
        what: 'rows of 20,000 suggestions, in a child',
        value: dataset,
        wanted: 'in the background',
      },
    ];
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

/** One a minute, each at a place of its own; half of what was refused was written otherwise. */
function suggestionsOf(count: number): StoredSuggestion[] {
  const random = seededRandom(1);
  const files = packageSources(50_000);
  return rewardHistory(count, plainTaste).map((stored, n) => {
    const { path: file, text } = files[Math.floor(random() * files.length)] ?? {
      path: '',
      text: '',
    };
    const offset = Math.floor(random() * text.length);
    const context = {
      ...stored.suggestion.context,
      ...{ path: file, languageId: 'typescript', snippets: [] },
      prefix: text.slice(Math.max(0, offset - prefixLength), offset),
      suffix: text.slice(offset, offset + suffixLength),
    };
    const { id: suggestionId, timeMs } = stored.suggestion;
    const [line = ''] = text.slice(offset).split('\n');
    return {
      ...stored,
      suggestion: { ...stored.suggestion, context, documentUri: `file:///bench/${file}` },
      settled:
        n % 2 === 0
          ? undefined
          : { kind: 'settled', suggestionId, text: line, timeMs: timeMs + 13_000 },
    };
  });
}

async function timeReranks(history: readonly StoredSuggestion[]): Promise<number[]> {
  const weights = await readRewardWeights(path.join(root, 'media/reward/pretrained.json'));
  const reward = createRewardModel(weights, featureNames);
  const outcomes = new OutcomeMemory();
  const judge = { reward, outcomes, eagerness: 0.5, random: seededRandom(1) };
  return history.map((stored) => {
    const start = performance.now();
    choose(stored.suggestion, judge);
    const elapsedMs = performance.now() - start;
    outcomes.recordStored(stored);
    return elapsedMs;
  });
}

async function fill(file: string, history: readonly StoredSuggestion[]): Promise<void> {
  const database = await openDatabase(file, 'create');
  for (let from = 0; from < history.length; from += perTransaction) {
    await database.transaction(async (connection) => {
      for (const stored of history.slice(from, from + perTransaction))
        for (const event of eventsOf(stored)) await insertEvent(connection, event);
    });
  }
  await database.close();
}

function eventsOf({ suggestion, outcomes, survival, settled }: StoredSuggestion): FeedbackEvent[] {
  const after = [...outcomes, ...survival, ...(settled ? [settled] : [])];
  return [{ kind: 'suggestion', suggestion }, ...after];
}

/** Seconds that it took, and those that a processor worked for it, which says more on a busy machine. */
async function timed(work: () => Promise<unknown>): Promise<string> {
  const start = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - start) / 1_000;
  return `${seconds.toFixed(1)} s (processor ${((user + system) / 1e6).toFixed(1)} s)`;
}
