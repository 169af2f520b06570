/**
 * What the gate said of a challenger, in the form in which it is kept beside the challenger and shown
 * to a person. How it comes about is `gate.ts`.
 */
import { z } from 'zod';

const checkSchema = z.object({
  name: z.enum(['likelihood', 'calibration', 'reversals', 'length', 'latency', 'general', 'data']),
  passed: z.boolean(),
  /** Of the two models, in the unit of the check; null where it could not be measured. */
  champion: z.number().nullable(),
  challenger: z.number().nullable(),
  /** One sentence for a person. */
  sentence: z.string(),
});

export const verdictSchema = z.object({
  passed: z.boolean(),
  /** Why, in sentences, what decided first. */
  reasons: z.array(z.string()).readonly(),
  checks: z.array(checkSchema.readonly()).readonly(),
});

export type Check = Readonly<z.infer<typeof checkSchema>>;
export type Verdict = Readonly<z.infer<typeof verdictSchema>>;
