/**
 * Prefill and decode beside llama.cpp: the same GGUF file, the same text, two threads each, in one
 * process and in turns, so that a slow moment of the machine meets both. node-llama-cpp is installed
 * for the comparison only, outside the project's own packages.
 */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { readModelFolder } from '../../src/model/modelFolder';
import { openPolicy } from '../../src/model/policy';
import { type Figure, format, spread } from './machine';
import { gguf, modelDirectory, ownSources, root } from './places';

const rival = 'node-llama-cpp@3.22.1';
const rounds = 9;
const promptCharacters = 1700;
const decodeTokens = 20;

/** What is used of node-llama-cpp. */
interface Llama {
  loadModel(options: { modelPath: string }): Promise<{
    tokenize(text: string): number[];
    createContext(options: { contextSize: number; threads: number; batchSize: number }): Promise<{
      getSequence(): {
        clearHistory(): Promise<void>;
        evaluateWithoutGeneratingNewTokens(tokens: number[]): Promise<void>;
        evaluate(tokens: number[], options: { temperature: number }): AsyncIterable<number>;
      };
    }>;
  }>;
}

interface Timing {
  /** Milliseconds a token. */
  readonly prefill: number;
  readonly decode: number;
}

export async function benchEngine(): Promise<Figure[]> {
  const text = ownSources()
    .map((file) => file.text)
    .join('\n');
  const prompts = Array.from({ length: rounds + 1 }, (_, i) =>
    text.slice(i * promptCharacters, (i + 1) * promptCharacters),
  );
  const ours = await openOurs();
  const theirs = await openTheirs();
  const timings: { readonly ours: Timing; readonly theirs: Timing }[] = [];
  for (const [round, prompt] of prompts.entries()) {
    const timing = { ours: await ours(prompt, round), theirs: await theirs(prompt) };
    // The first round only warms up.
    if (round > 0) timings.push(timing);
  }
  return (['prefill', 'decode'] as const).flatMap((part) => {
    const ratio = timings.map((timing) => timing.theirs[part] / timing.ours[part]);
    return [
      {
        what: `${part}, Hone`,
        value: format(spread(timings.map((timing) => timing.ours[part])), 'ms/token'),
        wanted: '',
      },
      {
        what: `${part}, llama.cpp`,
        value: format(spread(timings.map((timing) => timing.theirs[part])), 'ms/token'),
        wanted: '',
      },
      {
        what: `${part}, times as fast as llama.cpp`,
        value: format(spread(ratio), 'x'),
        wanted: part === 'prefill' ? '>= 1.5' : '>= 1.3',
      },
    ];
  });
}

async function openOurs(): Promise<(prompt: string, round: number) => Promise<Timing>> {
  const policy = await openPolicy(await readModelFolder(modelDirectory), { threads: 2 });
  return async (prompt, round) => {
    const context = {
      repository: 'bench',
      path: `prose${round}.md`,
      languageId: 'markdown',
      snippets: [],
      prefix: prompt,
      suffix: '',
      multiline: true,
    };
    const request = { samples: 0, temperature: 1, maxTokens: decodeTokens, seed: 1, drafts: [] };
    const { candidates, latencyMs, promptTokens, cachedTokens } = await policy.generate(
      { ...request, context },
      new AbortController().signal,
    );
    return {
      prefill: latencyMs.prefill / (promptTokens - cachedTokens),
      decode: latencyMs.decode / Math.max(1, candidates[0]?.tokenIds.length ?? 0),
    };
  };
}

async function openTheirs(): Promise<(prompt: string) => Promise<Timing>> {
  const home = path.join(root, '.cache/bench');
  const entry = path.join(home, 'node_modules/node-llama-cpp/dist/index.js');
  if (!fs.existsSync(entry)) {
    fs.mkdirSync(home, { recursive: true });
    fs.writeFileSync(path.join(home, 'package.json'), '{ "private": true }\n');
    execFileSync('npm', ['install', rival, '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: home,
      stdio: 'inherit',
    });
  }
  const library = (await import(pathToFileURL(entry).href)) as {
    getLlama(options: { gpu: false; build: 'never'; maxThreads: number }): Promise<Llama>;
  };
  const llama = await library.getLlama({ gpu: false, build: 'never', maxThreads: 2 });
  const model = await llama.loadModel({ modelPath: gguf });
  const context = await model.createContext({ contextSize: 1024, threads: 2, batchSize: 512 });
  const sequence = context.getSequence();
  return async (prompt) => {
    const tokens = model.tokenize(prompt);
    await sequence.clearHistory();
    const start = performance.now();
    await sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(0, -1));
    const between = performance.now();
    let decoded = 0;
    const continuation = sequence.evaluate(tokens.slice(-1), { temperature: 0 });
    for await (const token of continuation) {
      decoded++;
      if (token < 0 || decoded === decodeTokens) break;
    }
    const end = performance.now();
    return {
      prefill: (between - start) / (tokens.length - 1),
      decode: (end - between) / decoded,
    };
  };
}
