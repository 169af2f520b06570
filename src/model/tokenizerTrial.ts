/**
 * Tries a tokenizer before a model is called ready. What it does to text is written in its file, so a
 * stranger decides it: an expression may be malformed, or take for ever, and is better met here.
 */
import * as vm from 'node:vm';
import { ModelError } from './errors';
import { createTokenizer, type TokenizerJson } from './tokenizer';

/** Longer than any sound tokenizer takes to load and to encode a page on a slow machine. */
const maxTrialMs = 20_000;

/** Texts on which expressions with overlapping repetitions go astray, and some ordinary ones. */
const trials: readonly string[] = [
  'export function total(items: Item[]) {\n  return items.length;\n}\n',
  'def é(x):\n\treturn "ß😀" # 12,345.67  \r\n',
  ...['a', '0', ' ', '\n', '_', '(', 'aA', 'a ', 'ab', 'a1'].map((unit) => unit.repeat(400) + '!'),
];

/**
 * @param path of the tokenizer, for the message
 * @throws ModelError `unsupported` where it cannot be loaded, or encodes no text in good time.
 */
export function tryTokenizer(
  json: TokenizerJson,
  specialIds: ReadonlySet<number>,
  path: string,
  timeoutMs = maxTrialMs,
): void {
  const run = (): void => {
    const tokenizer = createTokenizer(json, specialIds);
    for (const text of trials) tokenizer.decode(tokenizer.encode(text));
  };
  try {
    // Nothing else ends an expression that goes astray in the thread that it runs in.
    vm.runInNewContext('run()', { run }, { timeout: timeoutMs });
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it fails';
    throw new ModelError(
      'unsupported',
      `The tokenizer of ${path} cannot be used (${why.slice(0, 200)}). Choose another model.`,
      { cause: error },
    );
  }
}
