import { expect, test } from 'vitest';
import { HostError, fromWireError, toWireError } from '../../../src/host/protocol';
import { roundTripPolicy } from '../../../src/host/remotePolicy';
import { type Handlers, RpcClient, loopback, serve } from '../../../src/host/rpc';
import { ModelError } from '../../../src/model/errors';
import type { ModelFolder } from '../../../src/model/modelFolder';
import type { GenerateRequest, GenerateResult, Policy } from '../../../src/model/types';
import { systemClock } from '../../../src/util/clock';
import { FakeClock } from '../../helpers/fakeClock';

const nothing: GenerateResult = {
  candidates: [],
  snippets: [],
  state: [],
  promptTokens: 0,
  cachedTokens: 0,
  latencyMs: { queue: 0, prefill: 0, decode: 0 },
};

const asked: GenerateRequest = {
  context: {
    repository: 'r',
    path: 'a.ts',
    languageId: 'typescript',
    snippets: [],
    prefix: 'x',
    suffix: '',
    multiline: false,
  },
  samples: 3,
  temperature: 0.8,
  maxTokens: 32,
  seed: 1,
  drafts: [
    { text: 'é😀', source: 'copied', copy: { runLength: 1, votes: 1, places: 2, sameFile: true } },
  ],
};

/** A client whose other end answers with these handlers, and with an error to all else. */
function connect(handlers: Partial<Handlers>, clock = new FakeClock()): RpcClient {
  const [near, far] = loopback();
  const unknown = (): never => {
    throw new Error('not expected');
  };
  serve(far, {
    load: unknown,
    generate: unknown,
    warm: unknown,
    import: unknown,
    train: unknown,
    learn: unknown,
    replayHistory: unknown,
    merge: unknown,
    refit: unknown,
    ping: unknown,
    ...handlers,
  });
  return new RpcClient(near, clock);
}

test('an answer arrives with the call that asked, in whatever order they come', async () => {
  const waiting: (() => void)[] = [];
  const client = connect({
    load: ({ modelDir }) =>
      new Promise((resolve) => waiting.push(() => resolve({ version: modelDir }))),
  });
  const calls = ['a', 'b', 'c'].map((modelDir) => client.call('load', { modelDir, threads: 1 }));
  while (waiting.length < 3) await new Promise(setImmediate);
  for (const answer of waiting.reverse()) answer();
  expect(await Promise.all(calls)).toEqual([{ version: 'a' }, { version: 'b' }, { version: 'c' }]);
});

test('progress is told before the result', async () => {
  const client = connect({
    import(_, { progress }) {
      progress({ stage: 'hashing', share: 1 });
      progress({ stage: 'converting', share: 0.5 });
      return { directory: 'd' } as ModelFolder;
    },
  });
  const seen: string[] = [];
  await client.call(
    'import',
    { source: 's', destination: 'd', precision: '8bit' },
    { onProgress: ({ stage }) => seen.push(stage) },
  );
  expect(seen).toEqual(['hashing', 'converting']);
});

test('aborting rejects at once with an AbortError and tells the other side', async () => {
  let told = false;
  const client = connect({
    generate: (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          told = true;
          reject(new Error('late'));
        });
      }),
  });
  const abort = new AbortController();
  const call = client.call('generate', asked, { signal: abort.signal });
  await new Promise(setImmediate);
  abort.abort();
  await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(told).toBe(true);
});

test('a call that is aborted before it is made never reaches the other side', async () => {
  let reached = false;
  const client = connect({
    generate() {
      reached = true;
      return nothing;
    },
  });
  const call = client.call('generate', asked, { signal: AbortSignal.abort() });
  await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(reached).toBe(false);
});

test('no answer in time is a typed error, and a late answer is dropped', async () => {
  const clock = new FakeClock();
  let answer = (): void => undefined;
  const client = connect(
    { generate: () => new Promise((resolve) => (answer = () => resolve(nothing))) },
    clock,
  );
  const call = client.call('generate', asked, { timeoutMs: 1000 });
  const rejection = expect(call).rejects.toMatchObject({ name: 'HostError', code: 'timeout' });
  await new Promise(setImmediate);
  clock.advance(1000);
  await rejection;
  answer();
  await new Promise(setImmediate);
});

test('closing rejects what is pending and what comes after, with the reason given', async () => {
  const client = connect({ generate: () => new Promise(() => undefined) });
  const pending = client.call('generate', asked);
  const reason = new HostError('crashed', 'gone');
  client.close(reason);
  await expect(pending).rejects.toBe(reason);
  await expect(client.call('ping', null)).rejects.toBe(reason);
});

test('errors come out as the class they went in as', () => {
  const check = (error: unknown, expected: object): void => {
    const back = fromWireError(structuredClone(toWireError(error)));
    expect(back).toMatchObject(expected);
    expect(back).toBeInstanceOf(Error);
  };
  check(new ModelError('damaged', 'cut short'), {
    name: 'ModelError',
    code: 'damaged',
    message: 'cut short',
  });
  check(new DOMException('stop', 'AbortError'), { name: 'AbortError' });
  check(Object.assign(new TypeError('x'), { code: 'E' }), { name: 'TypeError', code: 'E' });
  check('just text', { name: 'Error', message: 'just text' });
  expect(fromWireError(toWireError(new ModelError('engine', 'x')))).toBeInstanceOf(ModelError);
});

test('a policy behind a channel is asked, answers, fails and is cancelled as if it were here', async () => {
  const result: GenerateResult = {
    ...nothing,
    candidates: [
      { text: 'é😀', tokenIds: [1], logProb: NaN, source: 'copied', propensity: 1 },
      { text: 'x', tokenIds: [], logProb: -1.5, source: 'greedy', propensity: 1 },
    ],
  };
  const seen: unknown[] = [];
  const policy: Policy = {
    version: 'tiny@1',
    generate(request, signal) {
      seen.push(request);
      if (request.seed === 0) return Promise.reject(new ModelError('engine', 'failed'));
      if (request.seed === 1) return Promise.resolve(result);
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
      });
    },
    warm: (context) => {
      seen.push(context);
      return Promise.resolve();
    },
  };
  const remote = roundTripPolicy(policy, systemClock);
  const never = new AbortController().signal;
  expect(remote.version).toBe('tiny@1');
  expect(await remote.generate(asked, never)).toEqual(result);
  await expect(remote.generate({ ...asked, seed: 0 }, never)).rejects.toBeInstanceOf(ModelError);
  await remote.warm(asked.context, never);
  expect(seen).toEqual([asked, { ...asked, seed: 0 }, asked.context]);
  const abort = new AbortController();
  const cancelled = remote.generate({ ...asked, seed: 2 }, abort.signal);
  setImmediate(() => abort.abort());
  await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
});
