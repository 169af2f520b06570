import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import {
  type HostState,
  ModelHost,
  type ModelHostOptions,
  firstRestartMs,
  importInChild,
  maxCrashesInARow,
} from '../../../src/host/modelHost';
import type { GenerateRequest } from '../../../src/model/types';
import type { Clock, Logger } from '../../../src/types';
import { systemClock } from '../../../src/util/clock';
import { seededRandom } from '../../../src/util/random';
import { FakeClock } from '../../helpers/fakeClock';
import { ggufBytes, tinyGguf } from '../../helpers/ggufFile';
import { makeTinyModel, tinyConfig, tinyTokenizerParts } from '../../helpers/tinyModel';

const repository = path.resolve(import.meta.dirname, '../../..');
let folder: string;
let hostScript: string;
let modelDir: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'hone-host-'));
  // The bundle finds native packages as it would beside the extension.
  await symlink(path.join(repository, 'node_modules'), path.join(folder, 'node_modules'), 'dir');
  hostScript = path.join(folder, 'host.js');
  await esbuild.build({
    entryPoints: [path.join(repository, 'src/host/main.ts')],
    outfile: hostScript,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['onnxruntime-node', 'sqlite3'],
  });
  modelDir = (await makeTinyModel(path.join(folder, 'tiny'))).directory;
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

const never = new AbortController().signal;

/** The real clock with short waits made twenty times shorter: back-off passes, time-outs do not. */
const hurriedClock: Clock = {
  now: () => systemClock.now(),
  after: (delayMs, run) => systemClock.after(delayMs < 20_000 ? delayMs / 20 : delayMs, run),
};

function logLines(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const write = (topic: string, message: string): void => void lines.push(`${topic}: ${message}`);
  return { lines, logger: { debug: write, info: write, warn: write, error: write } };
}

function makeHost(changes: Partial<ModelHostOptions> = {}): ModelHost {
  const { logger } = logLines();
  const host = new ModelHost({
    ...{ hostScript, modelDir, threads: 1, logger, clock: hurriedClock },
    ...changes,
  });
  onTestFinished(() => host.dispose());
  return host;
}

async function script(name: string, text: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
}

function asked(prefix: string, maxTokens = 8): GenerateRequest {
  return {
    context: {
      ...{ repository: 'r', path: 'a.ts', languageId: 'typescript', snippets: [] },
      ...{ prefix, suffix: '', multiline: false },
    },
    ...{ samples: 2, temperature: 0.8, maxTokens, seed: 1, drafts: [] },
  };
}

function until(host: ModelHost, kind: HostState['kind']): Promise<HostState> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (host.state.kind !== kind) return;
      subscription.dispose();
      resolve(host.state);
    };
    const subscription = host.onDidChangeState(check);
    check();
  });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a started host loads the model, says so, and generates in another process', async () => {
  const host = makeHost();
  const states: string[] = [];
  host.onDidChangeState(({ kind }) => states.push(kind));
  expect(host.state.kind).toBe('stopped');
  host.start();
  // Asked before it is ready: it waits.
  const { promptTokens } = await host.policy.generate(asked('const a'), never);
  expect(promptTokens).toBeGreaterThan(3);
  await host.policy.warm(asked('const b').context, never);
  expect(states).toEqual(['starting', 'ready']);
  expect(host.state).toMatchObject({ kind: 'ready', version: host.policy.version });
  const status = await host.ping();
  expect(status.pid).toBe(host.pid);
  expect(status.pid).not.toBe(process.pid);
  expect(status.policyVersion).toBe(host.policy.version);
});

test('a host that is not started refuses with a typed error', async () => {
  const host = makeHost();
  const refused = host.policy.generate(asked('a'), never);
  await expect(refused).rejects.toMatchObject({ name: 'HostError', code: 'unavailable' });
});

test('a killed host rejects what it was doing, is started again, and the next suggestion comes', async () => {
  const host = makeHost();
  host.start();
  await until(host, 'ready');
  const before = host.pid ?? 0;
  const interrupted = host.policy.generate(asked('const a = 1;\n'.repeat(20), 200), never);
  const rejection = expect(interrupted).rejects.toMatchObject({
    name: 'HostError',
    code: 'crashed',
  });
  process.kill(before, 'SIGKILL');
  await rejection;
  expect(await until(host, 'restarting')).toMatchObject({ afterMs: firstRestartMs });
  await host.policy.generate(asked('const a'), never);
  expect(host.pid).not.toBe(before);
  expect(isAlive(before)).toBe(false);
});

test(
  'fifty kills at random instants never leave it without an answer',
  { timeout: 180_000 },
  async () => {
    const host = makeHost();
    const random = seededRandom(11);
    host.start();
    const outcomes = { answered: 0, crashed: 0 };
    for (let kill = 0; kill < 50; kill++) {
      // One answer first: deaths in a row with none in between are another test's.
      await host.policy.generate(asked(`const a = ${kill};\nret`), never);
      const pid = host.pid ?? 0;
      const stream = Array.from({ length: 3 }, (_, i) =>
        host.policy.generate(asked(`f(${kill}, ${i})`, 100), never).then(
          () => 'answered',
          (error: unknown) => (error as { code?: unknown }).code ?? (error as Error).name,
        ),
      );
      await new Promise((resolve) => setTimeout(resolve, random() * 40));
      const noticed = until(host, 'restarting');
      process.kill(pid, 'SIGKILL');
      await noticed;
      for (const outcome of await Promise.all(stream)) {
        // 20 is the code of an AbortError: a newer request came before the kill.
        expect(['answered', 'crashed', 20]).toContain(outcome);
        if (outcome === 'answered') outcomes.answered += 1;
        if (outcome === 'crashed') outcomes.crashed += 1;
      }
    }
    await host.policy.generate(asked('still here'), never);
    expect(outcomes.crashed).toBeGreaterThan(0);
  },
);

test('a host that dies every time is given up, says why, and is tried again on request', async () => {
  const crashing = await script(
    'crashing.js',
    'console.error("no such library"); process.exit(3);',
  );
  const clock = new FakeClock();
  const { logger, lines } = logLines();
  const host = makeHost({ hostScript: crashing, clock, logger });
  const waits: number[] = [];
  host.onDidChangeState((state) => {
    if (state.kind !== 'restarting') return;
    waits.push(state.afterMs);
    clock.advance(state.afterMs);
  });
  host.start();
  const waiting = host.policy.generate(asked('a'), never);
  const rejection = expect(waiting).rejects.toMatchObject({
    name: 'HostError',
    code: 'unavailable',
    message: /code 3, 8 times in a row/,
  });
  const state = await until(host, 'failed');
  await rejection;
  expect(state).toMatchObject({ message: /code 3/, advice: /Restart Model Host/ });
  expect(waits).toEqual([200, 400, 800, 1600, 3200, 6400, 12_800]);
  expect(waits).toHaveLength(maxCrashesInARow - 1);
  expect(lines).toContain('host: no such library');
  host.restart();
  expect(host.state.kind).toBe('starting');
});

test('a model that cannot be loaded is said at once and not tried again and again', async () => {
  const host = makeHost({ modelDir: path.join(folder, 'nowhere') });
  host.start();
  expect(await until(host, 'failed')).toMatchObject({ message: /no imported model in .*nowhere/ });
  expect(host.pid).toBeUndefined();
  const refused = host.policy.generate(asked('a'), never);
  await expect(refused).rejects.toMatchObject({ code: 'unavailable' });
});

test('aborting reaches the host, and waiting for it can be aborted too', async () => {
  const host = makeHost();
  const abort = new AbortController();
  host.start();
  const early = host.policy.generate(asked('a'), abort.signal);
  abort.abort();
  await expect(early).rejects.toMatchObject({ name: 'AbortError' });
  await until(host, 'ready');
  const second = new AbortController();
  const running = host.policy.generate(asked('b\n'.repeat(100), 200), second.signal);
  setTimeout(() => second.abort(), 5);
  await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  await host.policy.generate(asked('c'), never);
});

test('the newest request wins over an older one in the host', async () => {
  const host = makeHost();
  host.start();
  await until(host, 'ready');
  const older = host.policy.generate(asked('a\n'.repeat(100), 200), never);
  const rejection = expect(older).rejects.toMatchObject({ name: 'AbortError' });
  await host.policy.generate(asked('b'), never);
  await rejection;
});

test('disposing ends the process and what is pending', async () => {
  const host = makeHost();
  host.start();
  await until(host, 'ready');
  const pid = host.pid ?? 0;
  const pending = host.policy.generate(asked('a\n'.repeat(100), 200), never);
  const rejection = expect(pending).rejects.toMatchObject({ name: 'HostError', code: 'disposed' });
  host.dispose();
  await rejection;
  expect(host.state.kind).toBe('stopped');
  host.start();
  expect(host.state.kind).toBe('stopped');
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
});

test('a host whose parent is gone ends by itself', async () => {
  const child = fork(hostScript, [], { execArgv: [], serialization: 'advanced' });
  child.send({ kind: 'request', id: 1, method: 'ping', params: null });
  await once(child, 'message');
  child.disconnect();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a host that cannot be run at all is reported like one that died', async () => {
  const host = makeHost({ execPath: path.join(folder, 'no-such-node'), clock: new FakeClock() });
  host.start();
  expect(await until(host, 'restarting')).toMatchObject({ reason: /could not run.*ENOENT/ });
});

test('a model is imported in a child that tells its progress and ends', async () => {
  const vocabularySize = tinyTokenizerParts().tokens.length;
  const source = path.join(folder, 'tiny.gguf');
  await writeFile(source, ggufBytes(await tinyGguf(tinyConfig('llama', vocabularySize))));
  const destination = path.join(folder, 'imported');
  const stages = new Set<string>();
  const { logger } = logLines();
  const imported = await importInChild({
    ...{ hostScript, source, destination, logger, clock: systemClock },
    onProgress: ({ stage }) => stages.add(stage),
  });
  expect(imported.directory).toBe(destination);
  expect(stages.size).toBeGreaterThan(0);
  expect(await readdir(destination)).toContain('manifest.json');
});

test('an import of something else fails with the importer’s own words', async () => {
  const { logger } = logLines();
  const failing = importInChild({
    ...{ hostScript, logger, clock: systemClock },
    source: path.join(folder, 'missing.gguf'),
    destination: path.join(folder, 'never'),
  });
  await expect(failing).rejects.toMatchObject({ name: 'ModelError', code: 'notFound' });
});

/** A Hugging Face folder whose tokenizer is a list of millions of things. */
async function swollenFolder(): Promise<string> {
  const source = path.join(folder, 'swollen');
  await mkdir(source, { recursive: true });
  await writeFile(path.join(source, 'tokenizer.json'), `[${'{},'.repeat(4_000_000)}{}]`);
  const config = {
    ...{ model_type: 'llama', vocab_size: 512, num_hidden_layers: 1, hidden_size: 64 },
    ...{ intermediate_size: 64, num_attention_heads: 2, rms_norm_eps: 1e-5 },
    max_position_embeddings: 128,
  };
  await writeFile(path.join(source, 'config.json'), JSON.stringify(config));
  return source;
}

test.each([
  ['grows without bound', 'memory', { clock: systemClock, heapMegabytes: 64 }],
  ['stands still', 'time', { clock: suddenClock() }],
] as const)('an import that %s is ended, which is told in words', async (_, what, limits) => {
  const { logger } = logLines();
  const source = await swollenFolder();
  const destination = path.join(folder, `ended-${what}`);
  const importing = importInChild({ hostScript, logger, source, destination, ...limits });
  await expect(importing).rejects.toMatchObject({
    ...{ name: 'ModelError', code: 'unsupported' },
    message: expect.stringContaining(`${source} takes more ${what} to read`) as string,
  });
});

/** A clock for which any time has passed at once. */
function suddenClock(): Clock {
  return {
    now: () => 0,
    after(_delayMs, run) {
      const timer = setTimeout(run, 5);
      return () => clearTimeout(timer);
    },
  };
}

test('an import can be aborted', async () => {
  const { logger } = logLines();
  const abort = new AbortController();
  const source = path.join(folder, 'tiny.gguf');
  const destination = path.join(folder, 'aborted');
  const importing = importInChild({
    ...{ hostScript, source, destination, logger, clock: hurriedClock },
    signal: abort.signal,
  });
  setTimeout(() => abort.abort(), 10);
  await expect(importing).rejects.toMatchObject({ name: 'AbortError' });
});
