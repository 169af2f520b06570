/** Whole learning runs on a tiny model: from stored suggestions to a judged version. */
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ModelFolder } from '../../../src/model/modelFolder';
import {
  type LearnOptions,
  type LearnReport,
  type LearnRequest,
  learn,
} from '../../../src/training/learn';
import { mergeAdapter } from '../../../src/training/merge';
import { type Registry, openRegistry } from '../../../src/training/registry';
import type { StoredSuggestion } from '../../../src/types';
import { systemClock } from '../../../src/util/clock';
import { idiomHistory } from '../../helpers/idiomHistory';
import { temporaryFolder } from '../../helpers/temporaryFolder';
import { makeTinyModel } from '../../helpers/tinyModel';

interface Place {
  readonly root: string;
  readonly base: ModelFolder;
  readonly registry: Registry;
}

async function place(): Promise<Place> {
  const folder = await temporaryFolder();
  const base = await makeTinyModel(join(folder, 'model'), { fim: false });
  const root = join(folder, 'registry');
  const registry = openRegistry({
    ...{ directory: root, base: base.manifest },
    merge: (adapter, destination) => mergeAdapter({ base, adapter, destination }),
  });
  return { root, base, registry };
}

const options: LearnOptions = {
  ...{ minutes: 1, threads: 1, leastRows: 20, leastHeldOut: 20 },
  ...{ rank: 2, learningRate: 0.02, maxEpochs: 2 },
};

async function run(
  { root, base }: Place,
  history: readonly StoredSuggestion[],
  changes: Partial<LearnRequest> = {},
): Promise<LearnReport> {
  return learn({
    // eslint-disable-next-line @typescript-eslint/require-await
    suggestions: async function* () {
      yield* history;
    },
    ...{ base, registryDir: root, options, clock: systemClock },
    ...changes,
  });
}

const history = idiomHistory({ count: 80, seed: 5 });

test('what a person writes again and again becomes likelier, and the gate lets it in', async () => {
  const here = await place();
  const shares: number[] = [];
  const report = await run(here, history, { onProgress: ({ share }) => shares.push(share) });
  expect(report).toMatchObject({ outcome: 'passed', dataset: { examples: { needed: 40 } } });
  expect(report.sentences[0]).toMatch(/^It expects your newest \d\d texts better/);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.at(-1)).toBe(1);
  // It is there, and not in use until somebody promotes it.
  expect(await here.registry.champion()).toBeUndefined();
  const [version] = await here.registry.versions();
  expect(version).toMatchObject({ id: report.version?.id, state: 'passed' });
  await here.registry.promote(version!.id);
  expect((await here.registry.champion())?.policyVersion).toBe(report.version?.policyVersion);
  expect((await readdir(here.root)).sort()).toEqual(['champion.json', 'versions']);
});

test('the next version starts from the base and is judged against the champion', async () => {
  const here = await place();
  const first = await run(here, history);
  const champion = await here.registry.promote(first.version!.id);
  // Its model can be made again, so that it is there to be compared with.
  await rm(join(champion.directory, 'model'), { recursive: true });
  const second = await run(here, history, { options: { ...options, learningRate: 1e-6 } });
  expect(second.outcome).toBe('refused');
  expect(second.sentences[0]).toMatch(/newest \d\d texts no better/);
  const [before, after] = [first, second].map(({ version }) => version?.verdict.checks[0]);
  expect(after?.champion).toBeCloseTo(before?.challenger ?? NaN, 5);
  const states = (await here.registry.versions()).map(({ state }) => state);
  expect(states).toEqual(['refused', 'champion']);
}, 60_000);

test.each<[string, readonly StoredSuggestion[]]>([
  ['an empty store', []],
  ['ten suggestions', history.slice(0, 10)],
  ['one text again and again', Array.from({ length: 90 }, () => history[0]!)],
])('%s is not enough, and it is said what is missing', async (_name, few) => {
  const here = await place();
  const report = await run(here, few);
  expect(report).toMatchObject({ outcome: 'notEnough', version: null });
  expect(report.sentences).toEqual([
    expect.stringMatching(/^Not enough examples yet: \d+ of 40\.$/),
  ]);
  expect(await here.registry.versions()).toEqual([]);
});

test('a run that was cancelled goes on where it stood, on the rows it began with', async () => {
  const here = await place();
  const abort = new AbortController();
  const cancelled = run(here, history, {
    signal: abort.signal,
    onProgress: ({ stage, share }) => void (stage === 'training' && share > 0.3 && abort.abort()),
  });
  await expect(cancelled).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  expect(await readdir(join(here.root, 'learning'))).toContain('likelihood.checkpoint');
  const stages: string[] = [];
  const report = await run(here, [], { onProgress: ({ stage }) => stages.push(stage) });
  expect(stages).not.toContain('sampling');
  expect(report.outcome).toBe('passed');
  expect(await readdir(here.root)).toEqual(['versions']);
});

test.each(['reading', 'sampling', 'training', 'merging', 'judging'] as const)(
  'cancelled while it is %s, a run leaves the champion as it was and ends well the next time',
  async (stage) => {
    const here = await place();
    const champion = await here.registry.promote((await run(here, history)).version!.id);
    const abort = new AbortController();
    const onProgress: LearnRequest['onProgress'] = (progress) => {
      if (progress.stage === stage) abort.abort();
    };
    const cancelled = run(here, history, { signal: abort.signal, onProgress });
    await expect(cancelled).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
    expect(await here.registry.champion()).toEqual(champion);
    expect(await here.registry.versions()).toHaveLength(1);
    expect((await run(here, history)).version).not.toBeNull();
    expect(await readdir(here.root)).not.toContain('learning');
  },
  60_000,
);

test('what a killed run left half written is made again', async () => {
  const here = await place();
  const abort = new AbortController();
  const onProgress: LearnRequest['onProgress'] = ({ stage }) => {
    if (stage === 'judging') abort.abort();
  };
  await expect(run(here, history, { signal: abort.signal, onProgress })).rejects.toThrow();
  const work = join(here.root, 'learning');
  await rm(join(work, 'model/policy.weights'));
  await writeFile(join(work, 'rehearsed.json'), '[{"prompt"');
  expect((await run(here, history)).outcome).toBe('passed');
});

test('a run for another base is begun anew', async () => {
  const here = await place();
  const abort = new AbortController();
  const onProgress: LearnRequest['onProgress'] = ({ stage }) => {
    if (stage === 'training') abort.abort();
  };
  await expect(run(here, history, { signal: abort.signal, onProgress })).rejects.toThrow();
  const base = await makeTinyModel(join(here.root, '../other'), { seed: 2 });
  const report = await run({ ...here, base }, history);
  expect(report.version?.base.sourceSha256).toBe(base.manifest.sourceSha256);
});

test('settings out of their range are named', async () => {
  const here = await place();
  await expect(run(here, history, { options: { minutes: -1 } })).rejects.toThrow(
    expect.objectContaining({ name: 'TrainingError', code: 'settings' }),
  );
});
