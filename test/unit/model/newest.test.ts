import { expect, test } from 'vitest';
import { Newest, throwIfAborted } from '../../../src/model/newest';

const never = new AbortController().signal;

/** Work that waits to be finished by hand and looks at its signal when it is. */
function work(log: string[], name: string) {
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const run = async (signal: AbortSignal): Promise<string> => {
    log.push(`${name} begins`);
    await finished;
    throwIfAborted(signal);
    log.push(`${name} ends`);
    return name;
  };
  return { run, finish };
}

type Work = ReturnType<typeof work>;

const abortError = expect.objectContaining({ name: 'AbortError' }) as unknown;

test('a newer generation aborts the one at work and all that wait', async () => {
  const newest = new Newest();
  const log: string[] = [];
  const [a, b, c] = [work(log, 'a'), work(log, 'b'), work(log, 'c')];
  const results = Promise.allSettled([
    newest.run('generation', never, a.run),
    newest.run('generation', never, b.run),
    newest.run('generation', never, c.run),
  ]);
  for (const { finish } of [c, b, a]) finish();
  expect(await results).toEqual([
    { status: 'rejected', reason: abortError },
    { status: 'rejected', reason: abortError },
    { status: 'fulfilled', value: 'c' },
  ]);
  expect(log).toEqual(['c begins', 'c ends']);
});

test('a warm-up waits for a generation, and a generation aborts a warm-up', async () => {
  const newest = new Newest();
  const log: string[] = [];
  const [first, warm, second] = [work(log, 'first'), work(log, 'warm'), work(log, 'second')];
  const generating = newest.run('generation', never, first.run);
  const warming = newest.run('warmUp', never, warm.run);
  await new Promise(setImmediate);
  first.finish();
  expect(await generating).toBe('first');
  await new Promise(setImmediate);
  const next = newest.run('generation', never, second.run);
  warm.finish();
  second.finish();
  await expect(warming).rejects.toEqual(abortError);
  expect(await next).toBe('second');
  expect(log).toEqual([
    'first begins',
    'first ends',
    'warm begins',
    'second begins',
    'second ends',
  ]);
});

test('what is made ahead of its time gives way to what is asked for, and waits for a warm-up', async () => {
  const newest = new Newest();
  const log: string[] = [];
  const [warm, first, second, asked] = ['warm', 'first', 'second', 'asked'].map((name) =>
    work(log, name),
  ) as [Work, Work, Work, Work];
  const warming = newest.run('warmUp', never, warm.run);
  const older = newest.run('ahead', never, first.run);
  const newer = newest.run('ahead', never, second.run);
  for (const { finish } of [warm, first]) finish();
  expect(await warming).toBe('warm');
  await expect(older).rejects.toEqual(abortError);
  await new Promise(setImmediate);
  const answer = newest.run('generation', never, asked.run);
  for (const { finish } of [second, asked]) finish();
  await expect(newer).rejects.toEqual(abortError);
  expect(await answer).toBe('asked');
  expect(log).toEqual(['warm begins', 'warm ends', 'second begins', 'asked begins', 'asked ends']);
});

test('work that fails does not stop what comes after it', async () => {
  const newest = new Newest();
  const failing = newest.run('generation', never, () => Promise.reject(new RangeError('broken')));
  await expect(failing).rejects.toThrow(RangeError);
  expect(await newest.run('generation', never, () => Promise.resolve(1))).toBe(1);
});

test('the caller’s own signal aborts its work alone', async () => {
  const newest = new Newest();
  const log: string[] = [];
  const abort = new AbortController();
  const a = work(log, 'a');
  const cancelled = newest.run('generation', abort.signal, a.run);
  await new Promise(setImmediate);
  abort.abort();
  a.finish();
  await expect(cancelled).rejects.toEqual(abortError);
  expect(await newest.run('generation', never, () => Promise.resolve(1))).toBe(1);
});
