/** A history in which every commit writes one more line of the same kind, and a policy that knows it. */
import type { GenerateRequest, Policy } from '../../src/model/types';
import { gitRepository } from './gitRepository';

export const noParser = { load: () => Promise.resolve(false), errorsIn: () => undefined };

/** Six commits; `authors` are of the first ones, in their order. */
export async function garden(authors: readonly string[] = []): Promise<string> {
  const repository = await gitRepository();
  const names = ['rose', 'tulip', 'aster', 'peony', 'lupin', 'poppy'];
  for (let count = 1; count <= names.length; count++) {
    const lines = names.slice(0, count).map((name) => `export const ${name} = plant('${name}');`);
    const text = `import { plant } from './plant';\n${lines.join('\n')}\n`;
    repository.commit({ 'garden.ts': text }, authors[count - 1]);
  }
  return repository.directory;
}

/** Says what `answer` says, and counts how often it was asked. */
export function fakePolicy(
  answer: (request: GenerateRequest) => string,
): Policy & { asked: number } {
  return {
    version: 'fake@1',
    asked: 0,
    generate(request) {
      this.asked++;
      const text = answer(request);
      const drafts = request.drafts.map((draft) => ({
        ...{ ...draft, tokenIds: [], logProb: -3, propensity: 1 },
      }));
      const greedy = { text, tokenIds: [1], logProb: -1, source: 'greedy' as const, propensity: 1 };
      return Promise.resolve({
        candidates: text === '' ? drafts : [greedy, ...drafts],
        snippets: request.context.snippets,
        state: [],
        promptTokens: 10,
        cachedTokens: 0,
        latencyMs: { queue: 0, prefill: 20, decode: 30 },
      });
    },
    warm: () => Promise.resolve(),
  };
}

/** Knows how every line ends. */
export function knowing({ context }: GenerateRequest): string {
  const head = context.prefix.slice(context.prefix.lastIndexOf('\n') + 1);
  const [, name] = /^export const (\w+) = /.exec(head) ?? [];
  if (name === undefined) return '';
  const whole = `export const ${name} = plant('${name}');`;
  return whole.startsWith(head) ? whole.slice(head.length) : '';
}
