/**
 * Files of models that come from strangers, looked at before they are read: only ordinary files, no
 * larger than a model that this machine could run, and JSON no deeper than any real one nests.
 */
import { readFile, stat } from 'node:fs/promises';
import { ModelError } from './errors';

/** Weights of all files together; what is larger runs on no machine that Hone is for. */
const maxSourceBytes = 64 * 2 ** 30;
/** The largest tokenizer in use, of 262,144 tokens, takes about half. */
export const maxJsonBytes = 64 * 2 ** 20;
/** Brackets within brackets; a real `config.json` has about five. */
const maxDepth = 64;

/**
 * Length of a file that may be read, in bytes.
 * @throws ModelError `notFound`, or `unsupported` for a pipe, a device, a folder, or a file too large.
 */
export async function sourceBytes(path: string, most = maxSourceBytes): Promise<number> {
  const info = await stat(path).catch((error: unknown) => {
    throw new ModelError(
      'notFound',
      `${path} cannot be read. Check the path and its rights, or download it again.`,
      { cause: error },
    );
  });
  if (!info.isFile()) {
    throw new ModelError('unsupported', `${path} is not an ordinary file. Choose another one.`);
  }
  if (info.size > most) {
    throw new ModelError(
      'unsupported',
      `${path} has ${megabytes(info.size)} MB, and Hone reads ${megabytes(most)} MB at most. Choose a smaller model.`,
    );
  }
  return info.size;
}

/** @throws ModelError as `sourceBytes`, or `damaged` for what is no JSON. */
export async function readSourceJson(path: string): Promise<unknown> {
  await sourceBytes(path, maxJsonBytes);
  const text = await readFile(path, 'utf8');
  try {
    return parseShallow(text);
  } catch (error) {
    throw new ModelError('damaged', `${path} is not JSON. Download it again.`, { cause: error });
  }
}

/** Parses JSON, but no text that would take many times its own length of memory to be refused. */
export function parseShallow(json: string): unknown {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < json.length; i++) {
    const character = json.charAt(i);
    if (inString && character === '\\') i++;
    else if (character === '"') inString = !inString;
    else if (!inString && (character === '[' || character === '{')) depth++;
    else if (!inString && (character === ']' || character === '}')) depth--;
    if (depth > maxDepth) throw new SyntaxError(`It nests deeper than ${maxDepth} levels.`);
  }
  return JSON.parse(json);
}

function megabytes(bytes: number): string {
  return Math.ceil(bytes / 2 ** 20).toLocaleString('en');
}
