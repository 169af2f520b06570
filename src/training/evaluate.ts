/**
 * Measures one model folder for the gate: how likely it finds given texts, and what it proposes where
 * the user wrote something. Both models of a contest are measured as they would be used, with their
 * weights rounded, in the same way and on the same texts. It judges nothing.
 *
 * Likelihoods come from the forward graph of training, a text at a time; proposals from the policy.
 */
import { mkdir, rm } from 'node:fs/promises';
import type { ModelFolder } from '../model/modelFolder';
import { openPolicy } from '../model/policy';
import { loadTokenizer } from '../model/tokenizer';
import type { CompletionContext } from '../types';
import type { HeldOutText } from './dataset';
import { openScores } from './engine';
import { encodeRows } from './examples';
import { completionLength } from './feeds';
import { writeFrozenWeights } from './frozenWeights';
import type { Measured, TextScore, Trial } from './gate';
import { generalSet } from './generalSet';
import type { TrainingRow } from './rows';

export interface EvaluateRequest {
  readonly model: ModelFolder;
  readonly heldOut: readonly HeldOutText[];
  /** Folder that may be made and is gone afterwards. */
  readonly scratch: string;
  /** Window of a text with what stands before it, in tokens. */
  readonly maxTokens: number;
  /** Places at which the model is made to propose a text. */
  readonly trials: number;
  /** Threads of one operator, 1 or more. */
  readonly threads: number;
  /** Share that is done, 0..1. */
  readonly onProgress?: ((share: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What likelihoods alone need. */
export type ScoreRequest = Omit<EvaluateRequest, 'heldOut' | 'trials'>;

/** Part of the work that the trials are, for the progress. */
const trialShare = 0.25;

/** @throws ModelError where the model or the disk fails, AbortError when `signal` fires. */
export async function evaluate(request: EvaluateRequest): Promise<Measured> {
  const { heldOut, onProgress } = request;
  const texts = heldOut.map(({ prompt, text, context }) => row(prompt, text, context.suffix));
  const refused = heldOut.map(({ prompt, refused, context }) =>
    refused === null ? null : row(prompt, refused, context.suffix),
  );
  const others = refused.filter((each) => each !== null);
  const scores = await scoreTexts(request, [...texts, ...others, ...generalRows()], (share) =>
    onProgress?.(share * (1 - trialShare)),
  );
  const rest = scores.slice(texts.length);
  const trials = await tryOut(request, (share) =>
    onProgress?.(1 - trialShare + share * trialShare),
  );
  return {
    texts: scores.slice(0, texts.length),
    refused: refused.map((each) => (each === null ? null : (rest.shift() ?? null))),
    general: rest,
    trials,
  };
}

/** The general set alone, for the base where it is not the champion. */
export async function evaluateGeneral(request: ScoreRequest): Promise<readonly TextScore[]> {
  return scoreTexts(request, generalRows(), request.onProgress);
}

async function scoreTexts(
  request: ScoreRequest,
  rows: readonly TrainingRow[],
  onProgress: ((share: number) => void) | undefined,
): Promise<TextScore[]> {
  const { model, scratch, maxTokens, threads, signal } = request;
  const { manifest } = model;
  const tokenizer = await loadTokenizer(model);
  const { examples } = encodeRows(rows, { tokenizer, manifest }, maxTokens);
  await mkdir(scratch, { recursive: true });
  try {
    await writeFrozenWeights(model, scratch, signal);
    const unchanged = { modules: [], lora: { rank: 1, alpha: 1 } };
    const engine = await openScores({
      ...{ config: manifest, directory: scratch, threads, ...unchanged },
    });
    try {
      const scores: TextScore[] = [];
      for (const [i, example] of examples.entries()) {
        await breathe(signal);
        const [score = NaN] = await engine.run([example], []);
        const tokens = example.sequences.reduce((sum, each) => sum + completionLength(each), 0);
        scores.push({ nats: -score, tokens });
        onProgress?.((i + 1) / examples.length);
      }
      return scores;
    } finally {
      await engine.release();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Text before the cursor that a trial reads: enough to tell, and little to wait for. */
const trialCharacters = 800;

/** Has the model propose a line at some of the places, the same ones for every model. */
async function tryOut(
  { model, heldOut, trials, threads, signal }: EvaluateRequest,
  onProgress: (share: number) => void,
): Promise<Trial[]> {
  if (trials === 0 || heldOut.length === 0) return [];
  const policy = await openPolicy(model, { threads });
  try {
    const places = spread(heldOut, trials);
    const done: Trial[] = [];
    for (const { context, text } of places) {
      await breathe(signal);
      const before = process.cpuUsage();
      const { candidates } = await policy.generate(
        {
          context: shortened(context),
          ...{ samples: 0, temperature: 1, maxTokens: 32, seed: 1, drafts: [] },
        },
        signal ?? new AbortController().signal,
      );
      const used = process.cpuUsage(before);
      const written = (text.split('\n', 1)[0] ?? '').trim();
      const [proposed] = candidates;
      done.push({
        probability: proposed === undefined ? 0 : Math.exp(proposed.logProb),
        isRight: (proposed?.text ?? '').trim() === written,
        characters: proposed?.text.length ?? 0,
        writtenCharacters: written.length,
        // Processor time: other programs that run meanwhile are not the model's fault.
        ms: (used.user + used.system) / 1000,
      });
      onProgress(done.length / places.length);
    }
    return done;
  } finally {
    await policy.dispose();
  }
}

/** A context of which little has to be read. */
export function shortened(context: CompletionContext): CompletionContext {
  const from = Math.max(0, context.prefix.length - trialCharacters);
  const start = from === 0 ? 0 : context.prefix.indexOf('\n', from) + 1;
  return { ...context, snippets: [], multiline: false, prefix: context.prefix.slice(start) };
}

/** So many of the values, evenly over all. */
function spread<T>(values: readonly T[], count: number): T[] {
  const step = Math.max(1, values.length / count);
  return Array.from({ length: Math.min(count, values.length) }, (_, i) =>
    values.slice(Math.floor(i * step)),
  ).flatMap(([first]) => (first === undefined ? [] : [first]));
}

/** Each half from the half before it. */
function generalRows(): TrainingRow[] {
  return generalSet.map(({ path, text }) => {
    const middle = text.indexOf('\n', text.length / 3) + 1;
    return { ...row(text.slice(0, middle), text.slice(middle)), path };
  });
}

function row(prompt: string, text: string, suffix?: string): TrainingRow {
  const nowhere = { repository: '', path: '' };
  return { line: 1, weight: 1, liked: true, ...nowhere, prompt, texts: [text], suffix };
}

/** Lets messages in, a cancellation among them: a run of the graph blocks the process. */
async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((done) => setImmediate(done));
  signal?.throwIfAborted();
}
