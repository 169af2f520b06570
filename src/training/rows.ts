/**
 * Training rows as JSON lines with the columns of Hugging Face TRL: prompt and completion; prompt,
 * chosen and rejected; prompt, completion and label. A file that is not of the form is refused with
 * its line; what can be left out without harm is left out, counted and reported. Turning text into
 * tokens is `examples.ts`.
 */
import { z } from 'zod';
import { TrainingError } from './errors';

export const methods = ['sft', 'dpo', 'kto'] as const;
export type Method = (typeof methods)[number];

/** One row; `texts` are what follows the prompt: one text, or the chosen and the rejected one. */
export interface TrainingRow {
  /** In the file, from 1. */
  readonly line: number;
  readonly prompt: string;
  readonly texts: readonly string[];
  /** What the row counts beside others, 1e-6 to 1e6. */
  readonly weight: number;
  /** Whether an unpaired text was liked; true elsewhere. */
  readonly liked: boolean;
  /** Where the text stood, as far as it is known; told to the model as it is at inference. */
  readonly repository: string;
  readonly path: string;
  /** What stands after the text; only a model with fill-in-the-middle marks is told of it. */
  readonly suffix?: string | undefined;
  /** Nobody wrote it: at each of its tokens all that the frozen model expects there is learned. */
  readonly rehearsed?: boolean | undefined;
}

export interface RowsReport {
  /** Rows in the file. */
  readonly read: number;
  /** Rows left out since nothing, or only white space, follows the prompt. */
  readonly empty: number;
  /** Preference rows left out since both texts are the same. */
  readonly equal: number;
  /** Columns that nothing is learned from, and in how many rows they stand. */
  readonly unknownColumns: Readonly<Record<string, number>>;
}

export interface ParsedRows {
  readonly rows: readonly TrainingRow[];
  readonly report: RowsReport;
}

const shared = {
  prompt: z.string(),
  weight: z.number().min(1e-6).max(1e6).default(1),
  repository: z.string().default(''),
  path: z.string().default(''),
  suffix: z.string().optional(),
};

const schemas = {
  sft: z.object({ ...shared, completion: z.string(), rehearsed: z.boolean().optional() }),
  dpo: z.object({ ...shared, chosen: z.string(), rejected: z.string() }),
  kto: z.object({ ...shared, completion: z.string(), label: z.boolean() }),
} as const satisfies Record<Method, z.ZodObject>;

const columns = {
  sft: 'prompt, completion',
  dpo: 'prompt, chosen, rejected',
  kto: 'prompt, completion, label',
} as const satisfies Record<Method, string>;

/** @throws TrainingError `rows`, with the line, where the file is not of the method's form. */
export function parseRows(jsonl: string, method: Method): ParsedRows {
  const rows: TrainingRow[] = [];
  const unknownColumns: Record<string, number> = {};
  let read = 0;
  let empty = 0;
  let equal = 0;
  // Some editors begin a file with a mark of its encoding.
  for (const [index, text] of jsonl
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (text.trim() === '') continue;
    read++;
    const json = parseJson(text, index + 1);
    const row = parseRow(json, method, index + 1);
    for (const name of Object.keys(json)) {
      if (name in schemas[method].shape) continue;
      unknownColumns[name] = (unknownColumns[name] ?? 0) + 1;
    }
    if (row.texts.some((completion) => completion.trim() === '')) empty++;
    else if (row.texts.length > 1 && row.texts[0] === row.texts[1]) equal++;
    else rows.push(row);
  }
  if (rows.length === 0) {
    throw new TrainingError(
      'rows',
      `There is nothing to learn from: ${read} rows, ${empty} of them without a completion, ${equal} with two equal ones. Each line must be a JSON object with ${columns[method]}.`,
    );
  }
  return { rows, report: { read, empty, equal, unknownColumns } };
}

function parseRow(json: Record<string, unknown>, method: Method, line: number): TrainingRow {
  switch (method) {
    case 'sft': {
      const { completion, ...rest } = checked(schemas.sft, json, method, line);
      return { ...rest, line, texts: [completion], liked: true };
    }
    case 'dpo': {
      const { chosen, rejected, ...rest } = checked(schemas.dpo, json, method, line);
      return { ...rest, line, texts: [chosen, rejected], liked: true };
    }
    case 'kto': {
      const { completion, label, ...rest } = checked(schemas.kto, json, method, line);
      return { ...rest, line, texts: [completion], liked: label };
    }
  }
}

function checked<T extends z.ZodType>(
  schema: T,
  json: unknown,
  method: Method,
  line: number,
): z.infer<T> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new TrainingError(
    'rows',
    `Line ${line} is no row for ${method}: ${z.prettifyError(parsed.error)}. Each line must be a JSON object with ${columns[method]}.`,
  );
}

function parseJson(text: string, line: number): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (error) {
    throw new TrainingError(
      'rows',
      `Line ${line} is not a JSON object. Each line must be one, with nothing after it.`,
      { cause: error },
    );
  }
}
