/**
 * Rehearsal: what keeps an adapter near the frozen base it grows on. Texts that the base itself says
 * (pseudo-rehearsal, Robins 1995; arXiv 1811.11682), a third at the person's own places, the others in files
 * of nobody's project, since the person's places alone say nothing of what else the base knows. What is
 * learned of them is no text: at each token it is all that the base expects there.
 */
import { promptText } from '../feedback/trainingRows';
import type { ModelFolder } from '../model/modelFolder';
import { openPolicy } from '../model/policy';
import { peak } from '../model/sampling';
import type { Policy } from '../model/types';
import type { CompletionContext } from '../types';
import { shortened } from './evaluate';

export interface RehearsalRequest {
  readonly base: ModelFolder;
  /** Where the person's rows come from, newest first. */
  readonly places: readonly CompletionContext[];
  /** Rows wanted. */
  readonly count: number;
  /** Threads of one operator. */
  readonly threads: number;
  readonly seed: number;
  /** Whether the time that there is for it is over; then there are fewer rows. */
  readonly isOver: () => boolean;
  /** Share that is done, 0..1. */
  readonly onProgress: (share: number) => void;
  readonly signal: AbortSignal | undefined;
}

export interface RehearsedRow {
  readonly prompt: string;
  readonly completion: string;
  /** What stands after the completion at a person's place. */
  readonly suffix?: string | undefined;
  readonly weight: number;
  readonly rehearsed: true;
}

/** Tokens that are drawn at once, and how often for a file. */
const drawnTokens = 48;
const blocks = 4;

/** One text of so many stands at a person's place. */
const placeEvery = 3;

/** Kinds of files that people write, one of which a file of nobody's project is. */
const files: readonly Pick<CompletionContext, 'path' | 'languageId'>[] = [
  { path: 'src/index.ts', languageId: 'typescript' },
  { path: 'lib/utils.js', languageId: 'javascript' },
  { path: 'app/models.py', languageId: 'python' },
  { path: 'src/components/Form.tsx', languageId: 'typescriptreact' },
  { path: 'server/main.go', languageId: 'go' },
  { path: 'tests/test_parser.py', languageId: 'python' },
  { path: 'src/lib.rs', languageId: 'rust' },
  { path: 'src/main/java/Service.java', languageId: 'java' },
  { path: 'src/store.ts', languageId: 'typescript' },
  { path: 'src/buffer.c', languageId: 'c' },
  { path: 'scripts/build.py', languageId: 'python' },
  { path: 'test/client.test.js', languageId: 'javascript' },
];

/** @throws ModelError where the base cannot be used, AbortError when `signal` fires. */
export async function rehearse(request: RehearsalRequest): Promise<RehearsedRow[]> {
  const { base, places, count, threads, seed, onProgress } = request;
  const signal = request.signal ?? new AbortController().signal;
  const policy = await openPolicy(base, { threads });
  try {
    const rows: RehearsedRow[] = [];
    let others = 0;
    for (let i = 0; i < count && !request.isOver(); i++) {
      const place = i % placeEvery === 0 ? places[i / placeEvery] : undefined;
      const context =
        place === undefined ? emptyFile(files[others++ % files.length]) : shortened(place);
      const times = place === undefined ? blocks : 1;
      const completion = await drawn(
        policy,
        { ...context, multiline: true },
        times,
        seed + i,
        signal,
      );
      if (completion.trim() !== '')
        rows.push({
          ...{ prompt: promptText(context), completion, suffix: place?.suffix },
          ...{ weight: 1, rehearsed: true },
        });
      onProgress((i + 1) / count);
    }
    return rows;
  } finally {
    await policy.dispose();
  }
}

/** So many blocks that follow each other, each drawn from the policy. */
async function drawn(
  policy: Policy,
  context: CompletionContext,
  times: number,
  seed: number,
  signal: AbortSignal,
): Promise<string> {
  let text = '';
  for (let i = 0; i < times; i++) {
    const prefix = context.prefix + text;
    const { candidates } = await policy.generate(
      {
        ...{ context: { ...context, prefix }, samples: 0, drawn: true, temperature: 1 },
        ...{ maxTokens: drawnTokens, seed: seed * blocks + i, drafts: [] },
      },
      signal,
    );
    const [said] = candidates;
    if (said === undefined) break;
    text += `${said.text}\n${i + 1 < times ? '\n' : ''}`;
  }
  return text;
}

function emptyFile(file: (typeof files)[number] | undefined): CompletionContext {
  const { path, languageId } = file ?? { path: '', languageId: '' };
  return {
    repository: '',
    path,
    languageId,
    snippets: [],
    prefix: '',
    suffix: '',
    multiline: true,
  };
}

/** Labels of each token: enough that what is likely among them is there as often as it is likely. */
const labels = 64;

/**
 * Draws from the distribution of each row, K in all with the same distance between them (systematic
 * sampling): each id is drawn K times its probability in the mean, and never one time more or less.
 * @param logits `[R, V]`
 * @returns ids `[R, K]`
 */
export function expectedIds(logits: Float32Array, V: number, random: () => number): Int32Array {
  const R = logits.length / V;
  const ids = new Int32Array(R * labels);
  for (let row = 0; row < R; row++) {
    const values = logits.subarray(row * V, (row + 1) * V);
    const { logZ } = peak(values);
    let next = random() / labels;
    let sum = 0;
    let drawn = 0;
    for (let id = 0; id < V && drawn < labels; id++) {
      sum += Math.exp((values[id] ?? -Infinity) - logZ);
      for (; drawn < labels && next < sum; next += 1 / labels) ids[row * labels + drawn++] = id;
    }
    // Rounding may leave the last one out.
    ids.fill(ids[row * labels + drawn - 1] ?? 0, row * labels + drawn, (row + 1) * labels);
  }
  return ids;
}
