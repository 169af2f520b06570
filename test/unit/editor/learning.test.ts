import { mkdirSync, writeFileSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import * as path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { defaultSettings } from '../../../src/contributions';
import { learnedFiles } from '../../../src/editor/learnedFiles';
import {
  Learning,
  type LearningParams,
  type LearningWork,
  firstLookMs,
  type TrainingEnd,
  watchEveryMs,
} from '../../../src/editor/learning';
import {
  commandMinutes,
  judgedForRefit,
  judgedForTraining,
} from '../../../src/editor/learningPlan';
import type { VersionLine } from '../../../src/editor/versionLine';
import { ModelError } from '../../../src/model/errors';
import type { FeedbackEvent } from '../../../src/types';
import { FakeClock } from '../../helpers/fakeClock';
import { silentLogger } from '../../helpers/storeForTests';
import { temporaryFolder } from '../../helpers/temporaryFolder';

const hourMs = 3_600_000;
const tooLittle: TrainingEnd = { kind: 'tooLittle', examples: { have: 19, needed: 100 } };
const refused = {
  kind: 'refused',
  version: { id: 'v1', verdict: { reasons: ['It is no better.'] } },
} as unknown as TrainingEnd;

const dismissed: FeedbackEvent = {
  kind: 'outcome',
  suggestionId: 'any',
  outcome: 'dismissed',
  candidateIndex: 0,
  takenLength: 0,
  visibleMs: 1_000,
  timeMs: 0,
};

const line = { name: 'line', workspace: undefined } as VersionLine;

/** Windows that share a folder and a clock, with work that ends when a test says so. */
async function setUp() {
  const directory = await temporaryFolder();
  const clock = new FakeClock(Date.now());
  const done: string[] = [];
  const ends: TrainingEnd[] = [];
  const failures: unknown[] = [];
  const world = {
    judged: 0,
    examples: { have: 100, needed: 100 },
    actedMs: clock.now() - hourMs,
    isOnMains: true,
    settings: defaultSettings.learning,
    /** What the next training does. */
    train: (() => Promise.resolve(refused)) as LearningWork['train'],
    refit: () => Promise.resolve(),
  };
  const open = (name: string): Learning => {
    const work: LearningWork = {
      examples: () => Promise.resolve(world.examples),
      refit: () => {
        done.push(`${name} refits`);
        return world.refit();
      },
      train: (...args) => {
        done.push(`${name} trains`);
        return world.train(...args);
      },
    };
    const params: LearningParams = {
      files: learnedFiles(directory),
      work,
      settings: () => world.settings,
      line: () => line,
      store: () => Promise.resolve({ judgedSince: () => Promise.resolve(world.judged) }),
      machine: {
        idleMs: () => Promise.resolve(clock.now() - world.actedMs),
        isOnMains: () => Promise.resolve(world.isOnMains),
        isCalm: () => true,
      },
      onEnded: (end) => ends.push(end),
      onFailed: (error) => failures.push(error),
      clock,
      logger: silentLogger,
    };
    const learning = new Learning(params);
    onTestFinished(() => learning.dispose());
    return learning;
  };
  return { directory, clock, done, ends, failures, world, open };
}

/** A training that goes on until it is stopped. */
const endless: LearningWork['train'] = (_line, _minutes, signal) =>
  new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(new DOMException('Stopped', 'AbortError'))),
  );

const moment = () => new Promise((resolve) => setTimeout(resolve, 4));

/** Lets time pass, and the files behind the timers have their turn. */
async function pass(clock: FakeClock, durationMs: number): Promise<void> {
  for (let passed = 0; passed < durationMs; passed += 1_000) {
    clock.advance(1_000);
    await moment();
  }
}

/** Lets time pass until it is so, for an hour at most. */
async function until(clock: FakeClock, isSo: () => boolean): Promise<void> {
  const endMs = clock.now() + hourMs;
  while (!isSo() && clock.now() < endMs) await pass(clock, 1_000);
  expect(isSo()).toBe(true);
}

describe('a window', () => {
  test('refits once twenty were judged, without waiting for the next look', async () => {
    const { clock, done, world, open } = await setUp();
    world.examples = { have: 19, needed: 100 };
    const learning = open('a');
    learning.start();
    for (let i = 0; i < judgedForRefit; i++) {
      world.judged++;
      learning.recorded(dismissed);
    }
    await pass(clock, firstLookMs / 2);
    expect(done).toEqual(['a refits']);
  });

  test('trains while the user is away, and says what came of it', async () => {
    const { clock, done, ends, world, open } = await setUp();
    world.judged = judgedForTraining;
    const learning = open('a');
    learning.start();
    await until(clock, () => ends.length > 0);
    expect(done).toEqual(['a refits', 'a trains']);
    expect(ends).toEqual([refused]);
    expect(learning.last).toMatchObject({
      words: 'Version v1 is not used: It is no better.',
      isUnfinished: false,
    });
  });

  test('asks for the power only when it would train', async () => {
    const { clock, done, world, open } = await setUp();
    world.judged = judgedForTraining;
    world.isOnMains = false;
    const learning = open('a');
    learning.start();
    const reason = () => (learning.state.kind === 'resting' ? learning.state.reason?.kind : '');
    await until(clock, () => reason() === 'onBattery');
    expect(done).toEqual(['a refits']);
  });

  test('lets go at the next key press, and goes on when the user is away again', async () => {
    const { clock, done, world, open } = await setUp();
    world.judged = judgedForTraining;
    world.train = endless;
    const learning = open('a');
    learning.start();
    await until(clock, () => learning.state.kind === 'training');
    world.judged = 0;
    world.actedMs = clock.now();
    learning.acted();
    await until(clock, () => learning.state.kind === 'resting');
    expect(learning.last?.isUnfinished).toBe(true);
    world.train = () => Promise.resolve(refused);
    clock.correct(defaultSettings.learning.idleMinutes * 60_000 * 0.8);
    await pass(clock, firstLookMs);
    expect(done.slice(1)).toEqual(['a trains']);
    await until(clock, () => done.length > 2);
    expect(done.slice(1)).toEqual(['a trains', 'a trains']);
  });

  test('lets go when the user is at work in another window', async () => {
    const { clock, world, open } = await setUp();
    world.judged = judgedForTraining;
    world.train = endless;
    const learning = open('a');
    learning.start();
    await until(clock, () => learning.state.kind === 'training');
    await pass(clock, 2_000);
    world.actedMs = clock.now();
    await until(clock, () => learning.state.kind === 'resting');
    expect(clock.now() - world.actedMs).toBeLessThan(3 * watchEveryMs);
  });

  test('goes on with what was asked for by command whatever keys are pressed', async () => {
    const { clock, world, open } = await setUp();
    world.train = endless;
    const learning = open('a');
    const stopped = new AbortController();
    const training = learning.trainNow(stopped.signal, () => undefined);
    await until(clock, () => learning.state.kind === 'training');
    learning.acted();
    world.actedMs = clock.now();
    await pass(clock, 2 * watchEveryMs);
    expect(learning.state.kind).toBe('training');
    expect(learning.stop()).toBe(true);
    await expect(training).rejects.toMatchObject({ name: 'AbortError' });
    expect(learning.stop()).toBe(false);
  });

  test.each([
    ['known before it begins', { have: 19, needed: 100 }],
    ['found by the run alone', { have: 100, needed: 100 }],
  ])('that is asked for with too few examples leaves no trace: %s', async (_name, examples) => {
    const { clock, world, open } = await setUp();
    const learning = open('a');
    const trainNow = () => learning.trainNow(new AbortController().signal, () => undefined);
    expect(await trainNow()).toEqual(refused);
    const { last } = learning;
    world.examples = examples;
    world.train = () => Promise.resolve(tooLittle);
    clock.correct(hourMs);
    expect(await trainNow()).toEqual(tooLittle);
    expect(learning.last).toEqual(last);
  });

  test('that finds too few examples by itself does not try again at once', async () => {
    const { clock, done, world, open } = await setUp();
    world.train = () => Promise.resolve(tooLittle);
    const learning = open('a');
    learning.start();
    await until(clock, () => done.length > 0);
    await pass(clock, 4 * firstLookMs);
    expect(done).toEqual(['a trains']);
    expect(learning.last).toBeUndefined();
  });

  test('says soon how many examples there are, while it waits for more', async () => {
    const { clock, world, open } = await setUp();
    const learning = open('a');
    const have = (): number | undefined => {
      const reason = learning.state.kind === 'resting' ? learning.state.reason : undefined;
      return reason?.kind === 'tooFewExamples' ? reason.examples.have : undefined;
    };
    world.examples = { have: 19, needed: 100 };
    learning.start();
    await until(clock, () => have() === 19);
    world.examples = { have: 20, needed: 100 };
    world.actedMs = clock.now();
    learning.acted();
    learning.recorded(dismissed);
    await until(clock, () => have() === 20);
    expect(clock.now() - world.actedMs).toBeLessThan(60_000);
  });

  test('tries again later after a training process was killed', async () => {
    const { clock, done, world, open } = await setUp();
    world.judged = judgedForTraining;
    world.train = () =>
      Promise.reject(new Error('The learn stopped: the child was ended by SIGKILL.'));
    const learning = open('a');
    learning.start();
    const trained = () => done.filter((each) => each === 'a trains').length;
    await until(clock, () => trained() === 1);
    const failedMs = clock.now();
    await pass(clock, 4 * firstLookMs);
    expect(learning.last).toMatchObject({ failures: 1, isUnfinished: true });
    expect(trained()).toBe(1);
    clock.correct((hourMs / 2) * 0.9);
    await until(clock, () => trained() === 2);
    expect(clock.now() - failedMs).toBeGreaterThanOrEqual(hourMs / 2);
  });

  test('that failed to refit does not try again at once', async () => {
    const { clock, done, world, open } = await setUp();
    world.judged = judgedForRefit;
    world.refit = () => Promise.reject(new Error('The disk is full.'));
    open('a').start();
    await pass(clock, 4 * firstLookMs);
    expect(done).toEqual(['a refits']);
  });

  test('does nothing where learning is turned off', async () => {
    const { clock, done, world, open } = await setUp();
    world.judged = judgedForTraining;
    world.settings = { ...world.settings, mode: 'off' };
    open('a').start();
    await pass(clock, 2 * firstLookMs);
    expect(done).toEqual([]);
  });

  test('waits for no timer while nobody is there and nothing is to be done', async () => {
    const { clock, done, world, open } = await setUp();
    world.examples = { have: 19, needed: 100 };
    const learning = open('a');
    learning.start();
    await pass(clock, 2 * firstLookMs);
    expect(learning.state).toMatchObject({ reason: { kind: 'tooFewExamples' } });
    expect(clock.pending).toBe(0);
    // Whoever does something is looked after once, when they have gone away again.
    world.actedMs = clock.now();
    learning.acted();
    learning.acted();
    expect(clock.pending).toBe(1);
    world.judged = judgedForTraining;
    world.examples = { have: 100, needed: 100 };
    clock.correct(defaultSettings.learning.idleMinutes * 60_000);
    await until(clock, () => done.length > 1);
    expect(done).toEqual(['a refits', 'a trains']);
    world.judged = 0;
    await pass(clock, 2 * firstLookMs);
    expect(clock.pending).toBe(0);
  });

  test('looks again when the settings change, and not while learning is by command', async () => {
    const { clock, done, world, open } = await setUp();
    world.judged = judgedForTraining;
    world.settings = { ...world.settings, mode: 'manual' };
    const learning = open('a');
    learning.start();
    await pass(clock, 2 * firstLookMs);
    learning.acted();
    expect(clock.pending).toBe(0);
    world.settings = { ...world.settings, mode: 'idle' };
    learning.changed();
    await until(clock, () => done.length > 1);
    expect(done).toEqual(['a refits', 'a trains']);
  });

  test('tells of a full disk once, and tries again later', async () => {
    const { clock, done, failures, world, open } = await setUp();
    const full = new ModelError('storage', 'The disk is full.');
    world.judged = judgedForTraining;
    world.train = () => Promise.reject(full);
    const learning = open('a');
    learning.start();
    const trained = () => done.filter((each) => each === 'a trains').length;
    await until(clock, () => trained() === 1);
    await until(clock, () => learning.state.kind === 'resting');
    expect(failures).toEqual([full]);
    expect(learning.last).toMatchObject({ words: 'The disk is full.', failures: 1 });
    clock.correct(hourMs);
    await until(clock, () => trained() === 2);
    await until(clock, () => learning.last?.failures === 2);
    expect(failures).toEqual([full]);
  });

  test('does not try again at once though nothing can be written down', async () => {
    const { clock, done, world, open, directory } = await setUp();
    // A folder in the place of the file fails whoever runs this, as a full disk would.
    mkdirSync(path.join(directory, 'memory.json'));
    world.judged = judgedForTraining;
    world.train = () => Promise.reject(new ModelError('storage', 'The disk is full.'));
    open('a').start();
    await pass(clock, 6 * firstLookMs);
    expect(done).toEqual(['a refits', 'a trains']);
  });

  test('begins anew where what was remembered is damaged', async () => {
    const { clock, done, world, open, directory } = await setUp();
    writeFileSync(path.join(directory, 'memory.json'), '{"refittedMs": "yesterday');
    world.judged = judgedForRefit;
    open('a').start();
    await until(clock, () => done.length > 0);
    expect(done).toEqual(['a refits']);
  });
});

describe('learning from a history', () => {
  const half = { stage: 'reading history', share: 0.5, leftMs: undefined };
  const never = new AbortController().signal;

  test('shows how far all of it is, training included, and rests when it ends', async () => {
    const { world, open } = await setUp();
    const learning = open('a');
    const seen: string[] = [];
    learning.onDidChangeState((state) =>
      seen.push(
        state.kind === 'training' ? `${state.history} ${state.progress.share}` : state.kind,
      ),
    );
    world.train = (_line, _minutes, _signal, onProgress) => {
      onProgress({ stage: 'training', share: 0.2 });
      return Promise.resolve(refused);
    };
    await learning.lead('shop', never, async (signal, onProgress) => {
      onProgress(half);
      await learning.trainNow(signal, (progress) =>
        onProgress({ ...progress, share: 0.5 + progress.share / 2 }),
      );
    });
    expect(seen).toEqual(['shop 0.5', 'shop 0.6', 'resting']);
  });

  test('is stopped like a training', async () => {
    const { open } = await setUp();
    const learning = open('a');
    const reading = learning.lead('shop', never, (signal) =>
      endless(line, 1, signal, () => undefined),
    );
    expect(learning.stop()).toBe(true);
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    expect(learning.stop()).toBe(false);
  });
});

describe('a training that takes its time', () => {
  test('is never said to take longer than it may', async () => {
    const { clock, world, open } = await setUp();
    const left: (number | undefined)[] = [];
    world.train = (_line, minutes, _signal, onProgress) => {
      clock.correct(minutes * 30_000);
      onProgress({ stage: 'training', share: 0.11 });
      return Promise.resolve(refused);
    };
    await open('a').trainNow(new AbortController().signal, ({ leftMs }) => left.push(leftMs));
    expect(left).toEqual([(commandMinutes * 60_000) / 2]);
  });
});

describe('two windows', () => {
  test('never train at once', async () => {
    const { clock, done, world, open } = await setUp();
    world.judged = judgedForTraining;
    world.train = endless;
    const [a, b] = [open('a'), open('b')];
    a.start();
    await until(clock, () => a.state.kind === 'training');
    b.start();
    const reason = () => (b.state.kind === 'resting' ? b.state.reason?.kind : '');
    await until(clock, () => reason() === 'elsewhere');
    expect(done.filter((each) => each.endsWith('trains'))).toEqual(['a trains']);
    expect(await b.trainNow(new AbortController().signal, () => undefined)).toBeUndefined();
  });

  test('learn from what either has done: one refit is enough for both', async () => {
    const { clock, done, world, open } = await setUp();
    world.examples = { have: 19, needed: 100 };
    world.judged = judgedForRefit;
    world.refit = () => {
      world.judged = 0;
      return Promise.resolve();
    };
    open('a').start();
    open('b').start();
    await pass(clock, 3 * firstLookMs);
    expect(done).toHaveLength(1);
  });

  test('a window takes over from one that died in the middle of a training', async () => {
    const { clock, done, world, open, directory } = await setUp();
    world.judged = judgedForTraining;
    world.train = () => {
      world.judged = 0;
      return Promise.resolve(refused);
    };
    const lock = path.join(directory, 'training.lock');
    writeFileSync(lock, 'a window that is gone');
    await utimes(lock, clock.now() / 1000, clock.now() / 1000);
    const learning = open('b');
    learning.start();
    await until(clock, () => done.length > 0);
    expect(done).toEqual(['b refits']);
    await until(clock, () => done.length > 1);
    expect(done).toEqual(['b refits', 'b trains']);
  });
});
