/**
 * What a training run can be told, with the numbers to start from and the ranges that make sense.
 * Nothing here depends on the model or the data.
 */
import { z } from 'zod';
import { TrainingError } from './errors';
import type { LossSettings } from './losses';
import { linearKinds } from './modules';
import { type Method, methods } from './rows';

const settingsSchema = z.object({
  method: z.enum(methods),
  /** r of the adapter. */
  rank: z.number().int().min(1).max(256).default(8),
  /** What the adapter adds is multiplied by alpha / rank. */
  alpha: z.number().positive().max(1024).default(16),
  /**
   * Share of what the adapter reads that is dropped while it learns (`dropout.ts`). None, as in PEFT
   * unless it is told: rows are seen once to three times, the adapter is small, and what it forgot or
   * learned by heart is the gate's to see.
   */
  dropout: z.number().min(0).max(0.9).default(0),
  /** Which linear layers have a branch. */
  kinds: z
    .array(z.enum(linearKinds))
    .min(1)
    .default([...linearKinds]),
  /** How many layers are trained, counted from the last; 0 for all. */
  layers: z.number().int().min(0).default(0),
  /** At its highest; 0 takes the method's own (`learningRates`). */
  learningRate: z.number().min(0).max(10).default(0),
  epochs: z.number().int().min(1).max(100).default(1),
  /** Rows of one step. */
  batchSize: z.number().int().min(1).max(1024).default(8),
  /** Share of the steps in which the learning rate rises. */
  warmup: z.number().min(0).max(1).default(0.1),
  weightDecay: z.number().min(0).max(1).default(0.01),
  /** Length to which the gradient of a step is cut. */
  maxGradientNorm: z.number().positive().default(1),
  /** DPO, KTO: how much going away from the frozen model costs. */
  beta: z.number().positive().max(10).default(0.1),
  /** DPO: share of pairs taken to be the wrong way round. */
  labelSmoothing: z.number().min(0).max(0.49).default(0.1),
  /** DPO: weight of the chosen text's likelihood. */
  likelihood: z.number().min(0).max(10).default(1),
  /** Longest text, prompt and completion together; what fits the memory may be less. */
  maxTokens: z.number().int().min(16).max(8192).default(512),
  /** Order of the rows, start of the adapter and what it drops. */
  seed: z.number().int().nonnegative().default(1),
  /** Minutes after which the run ends with what it has learned; 0 for no limit. */
  maxMinutes: z.number().min(0).default(0),
  /** Memory that the process may reach, in bytes. */
  maxMemoryBytes: z.number().positive().default(1_500_000_000),
  /** Steps from one checkpoint to the next. */
  checkpointSteps: z.number().int().min(1).default(10),
  /** Threads of one operator. */
  threads: z.number().int().min(1).max(64).default(2),
});

export type TrainingSettings = Readonly<z.infer<typeof settingsSchema>>;
export type TrainingOptions = z.input<typeof settingsSchema>;

/** Preference losses act on sums over a whole text, so their steps are long at the same rate. */
const learningRates: Readonly<Record<Method, number>> = { sft: 2e-4, dpo: 2e-5, kto: 2e-5 };

/** @throws TrainingError `settings`, naming each that is out of its range. */
export function trainingSettings(options: TrainingOptions): TrainingSettings {
  const parsed = settingsSchema.safeParse(options);
  if (!parsed.success) {
    throw new TrainingError(
      'settings',
      `The settings of the training cannot be used: ${z.prettifyError(parsed.error)}.`,
    );
  }
  const { learningRate, method } = parsed.data;
  return { ...parsed.data, learningRate: learningRate || learningRates[method] };
}

export function lossSettings(settings: TrainingSettings): LossSettings {
  const { method, beta, labelSmoothing, likelihood } = settings;
  switch (method) {
    case 'sft':
      return { method };
    case 'dpo':
      return { method, beta, labelSmoothing, likelihood };
    case 'kto':
      return { method, beta };
  }
}

/** What of the settings decides the result, in a fixed order: two runs that share it are the same. */
export function decisiveSettings(settings: TrainingSettings): string {
  const decisive = Object.entries(settings).filter(([name]) => !indecisive.has(name));
  return JSON.stringify(decisive.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Settings that say only how far a run gets. What memory allows is told apart by the window. */
const indecisive: ReadonlySet<string> = new Set<keyof TrainingSettings>([
  'maxMinutes',
  'maxMemoryBytes',
  'checkpointSteps',
]);
