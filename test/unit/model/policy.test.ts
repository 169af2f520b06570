import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forward } from '../../../src/model/forward';
import { VocabularyIndex, utf8Bytes } from '../../../src/model/healing';
import { KvBuffer } from '../../../src/model/kvBuffer';
import type { ModelManifest } from '../../../src/model/modelFolder';
import { type LoadedPolicy, createPolicy } from '../../../src/model/policy';
import { stateSize } from '../../../src/model/projection';
import { buildPrompt } from '../../../src/model/prompt';
import { Place, Row } from '../../../src/model/row';
import { type Session, openSession } from '../../../src/model/session';
import { stopRules } from '../../../src/model/stop';
import { type Tokenizer, loadTokenizer } from '../../../src/model/tokenizer';
import type { Draft, GenerateRequest } from '../../../src/model/types';
import type { Candidate, CompletionContext, Snippet } from '../../../src/types';
import { makeTinyModel } from '../../helpers/tinyModel';

let folder: string;
let session: Session;
let tokenizer: Tokenizer;
let manifest: ModelManifest;
let index: VocabularyIndex;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'hone-policy-'));
  const model = await makeTinyModel(path.join(folder, 'tiny'), { precision: 'fp32', fim: false });
  session = flattened(await openSession(model.graphPath, { threads: 1 }));
  tokenizer = await loadTokenizer(model);
  // Random weights love bytes that are no text; without them lines get long enough to be of use.
  const control = Array.from({ length: tokenizer.vocabularySize }, (_, id) => id).filter((id) =>
    tokenizer.decodeBytes(id).some((byte) => byte > 0x7e || (byte < 0x20 && byte !== 0x0a)),
  );
  manifest = { ...model.manifest, specialIds: [...model.manifest.specialIds, ...control] };
  index = new VocabularyIndex(tokenizer, new Set(manifest.specialIds));
});

afterAll(async () => {
  await session.release();
  await rm(folder, { recursive: true, force: true });
});

/** No end tokens, no names to choose from, and nothing after the cursor. */
const plain = { endIds: new Int32Array(0), words: null, lineRest: '' };
const never = new AbortController().signal;

/** The same graph, less sure of itself: random weights leave too little to sample from. */
function flattened(sharp: Session): Session {
  return {
    ...sharp,
    async run(feeds, fetches) {
      const outputs = await sharp.run(feeds, fetches);
      const logits = outputs['logits'];
      if (logits?.type === 'float32') {
        for (const [i, logit] of logits.data.entries()) logits.data[i] = logit / 3;
      }
      return outputs;
    },
  };
}

/** A policy with an empty cache; all share one session, so none is disposed. */
function coldPolicy(changes: Partial<ModelManifest> = {}): LoadedPolicy {
  return createPolicy(session, tokenizer, { ...manifest, ...changes });
}

function context(prefix: string, changes: Partial<CompletionContext> = {}): CompletionContext {
  return {
    repository: 'sample',
    path: 'src/a.ts',
    languageId: 'typescript',
    snippets: [],
    prefix,
    suffix: '',
    multiline: false,
    ...changes,
  };
}

function request(prefix: string, changes: Partial<GenerateRequest> = {}): GenerateRequest {
  const defaults = { samples: 0, temperature: 0.8, maxTokens: 12, seed: 1, drafts: [] };
  return { context: context(prefix), ...defaults, ...changes };
}

function draft(text: string): Draft {
  return { text, source: 'copied', copy: { runLength: 9, votes: 1, places: 1, sameFile: true } };
}

/** Logits after `ids`, read in one run from nothing: no cache, no guesses, no batch. */
async function logitsAfter(ids: readonly number[]): Promise<Float32Array> {
  const output = await forward(session, manifest, {
    ids,
    positions: ids.map((_, i) => i),
    rows: 1,
    prefix: { kv: new KvBuffer(manifest, 1, 1), length: 0 },
    suffix: null,
    sees: () => true,
    logitRows: [ids.length - 1],
  });
  const logits = output.logits[0] ?? new Float32Array(0);
  for (const id of manifest.specialIds) logits[id] = -Infinity;
  return logits;
}

/** Generation the slow way, the whole prompt read anew for every token: greedy, or as it is told. */
async function slowRow(
  { context, maxTokens }: GenerateRequest,
  told?: readonly number[],
): Promise<Row> {
  const prompt = buildPrompt(context, { tokenizer, index, manifest }, 480);
  const stop = stopRules(context.prefix, context.languageId, context.multiline);
  const rules = { index, cut: prompt.cut, stop, ...plain, temperature: 1, maxTokens };
  const row = new Row(rules, null);
  const lineEnd = index.startingWith('\n')[0] ?? -1;
  while (!row.ended) {
    const place = row.place(await logitsAfter([...prompt.ids, ...row.ids]));
    if (told === undefined) row.advance(place);
    else row.push(place.step(told[row.length] ?? lineEnd, 0));
  }
  return row;
}

/** Code-like text with indentation, several kinds of break and characters of several bytes. */
const codeText = fc
  .array(
    fc.constantFrom(
      ...['const ', 'return', ' = ', '(', '();', ')', '\n', '\n  ', '\n    ', '\t', '  ', ' '],
      ...['in', 'con', 'or', 'x', '0', '12', 'é', '😀', '//', '"', "'", '```', '\r\n'],
    ),
    { maxLength: 25 },
  )
  .map((pieces) => pieces.join(''));

describe('greedy', () => {
  test('is the same as reading everything anew for every token', async () => {
    await fc.assert(
      fc.asyncProperty(codeText, fc.boolean(), async (prefix, multiline) => {
        const asked = request(prefix, { context: context(prefix, { multiline }) });
        const { candidates } = await coldPolicy().generate(asked, never);
        const expected = (await slowRow(asked)).candidate();
        expect(candidates.map(({ text }) => text)).toEqual(
          expected === null ? [] : [expected.text],
        );
        expect(candidates[0]?.tokenIds).toEqual(expected?.tokenIds);
        if (expected !== null) expect(candidates[0]?.logProb).toBeCloseTo(expected.logProb, 3);
      }),
      { numRuns: 60 },
    );
  });

  test('is the same from a cache warmed by any edits as from an empty one', async () => {
    const edit = fc.record({ keep: fc.nat({ max: 100 }), typed: codeText });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 6 }), async (edits) => {
        const warm = coldPolicy();
        let prefix = '';
        for (const { keep, typed } of edits) {
          prefix = prefix.slice(0, Math.floor((prefix.length * keep) / 100)) + typed;
          const asked = request(prefix, { samples: 2 });
          const fromWarm = await warm.generate(asked, never);
          const fromCold = await coldPolicy().generate(asked, never);
          expect(fromWarm.candidates.map(({ text }) => text)).toEqual(
            fromCold.candidates.map(({ text }) => text),
          );
          for (const [i, { logProb, propensity }] of fromWarm.candidates.entries()) {
            expect(logProb).toBeCloseTo(fromCold.candidates[i]?.logProb ?? NaN, 3);
            expect(propensity).toBeCloseTo(fromCold.candidates[i]?.propensity ?? NaN, 3);
          }
          expect(fromWarm.state).toHaveLength(stateSize);
          for (const [i, value] of fromWarm.state.entries())
            expect(value).toBeCloseTo(fromCold.state[i] ?? NaN, 3);
        }
      }),
      { numRuns: 25 },
    );
  });

  test('is the same whatever is guessed, and so are the samples', async () => {
    const cut = fc.nat({ max: 12 });
    await fc.assert(
      fc.asyncProperty(codeText, fc.array(fc.tuple(cut, codeText)), async (prefix, guesses) => {
        const plain = await coldPolicy().generate(request(prefix, { samples: 2 }), never);
        const greedy = plain.candidates[0]?.text ?? '';
        const drafts = guesses.map(([keep, wrong]) => draft(greedy.slice(0, keep) + wrong));
        drafts.push(draft(greedy));
        const asked = request(prefix, { samples: 2, drafts });
        const guessed = await coldPolicy().generate(asked, never);
        const own = guessed.candidates.filter(({ source }) => source !== 'copied');
        expect(own.map(({ text }) => text)).toEqual(plain.candidates.map(({ text }) => text));
        expect(own.map(({ tokenIds }) => tokenIds)).toEqual(
          plain.candidates.map(({ tokenIds }) => tokenIds),
        );
      }),
      { numRuns: 60 },
    );
  });

  test('needs fewer runs, as few as one, where a draft says what it would have said', async () => {
    let runs = 0;
    const counting: Session = {
      ...session,
      run: (feeds, fetches) => {
        runs += 1;
        return session.run(feeds, fetches);
      },
    };
    const count = async (asked: GenerateRequest): Promise<number> => {
      runs = 0;
      await createPolicy(counting, tokenizer, manifest).generate(asked, never);
      return runs;
    };
    let compared = 0;
    let least = Infinity;
    for (let a = 0; a < 40; a++) {
      const asked = request(`const a = ${a};\nconst b`);
      const { candidates } = await coldPolicy().generate(asked, never);
      const { text = '', tokenIds = [] } = candidates[0] ?? {};
      // Random weights seldom split a text into tokens as the tokenizer would, as a draft is.
      const { cut } = buildPrompt(asked.context, { tokenizer, index, manifest }, 480);
      if (tokenizer.encode(cut + text).join() !== tokenIds.join() || tokenIds.length < 5) continue;
      compared += 1;
      // No further than the text: where the row was cut back it had said more, which no draft held.
      const bounded = { ...asked, maxTokens: tokenIds.length };
      const alone = await count(bounded);
      const guessed = await count({ ...bounded, drafts: [draft(text)] });
      expect(guessed).toBeLessThan(alone);
      least = Math.min(least, guessed);
    }
    expect(least).toBe(1);
    expect(compared).toBeGreaterThan(2);
  });
});

test('an import that the file lacks is read, however much copied text there is', async () => {
  const names = ['alpha', 'beta', 'gamma'];
  const copies = names.map((name) => draft(`${name}(${name}, ${name});`));
  const missing: Draft = { text: "import { d } from './d';", source: 'imported' };
  const asked = request('', { drafts: [...copies, missing] });
  const { candidates } = await coldPolicy().generate(asked, never);
  const known = candidates.filter(({ logProb }) => Number.isFinite(logProb));
  expect(known.map(({ source }) => source)).toContain('imported');
  // There is no room for all of them.
  expect(known.filter(({ source }) => source === 'copied').length).toBeLessThan(copies.length);
});

describe('the cursor inside a token', () => {
  test('what is generated goes on from the cursor, wherever a text is split', async () => {
    await fc.assert(
      fc.asyncProperty(codeText, fc.nat(), async (text, at) => {
        const prefix = text.slice(0, text.length === 0 ? 0 : at % text.length);
        const { cut } = buildPrompt(context(prefix), { tokenizer, index, manifest }, 480);
        const asked = request(prefix, { samples: 3 });
        const { candidates } = await coldPolicy().generate(asked, never);
        for (const { text: proposed, tokenIds } of candidates) {
          const emitted = index.joined(tokenIds);
          expect(emitted.startsWith(cut + utf8Bytes(proposed))).toBe(true);
          expect(proposed).not.toMatch(/[\r\n]/);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('a word is finished with one token where there is one', async () => {
    // `return` is a token; `ret` and `urn` are not how it is spelled.
    const asked = request('x;\nret', { drafts: [draft('urn 1;')] });
    const { candidates } = await coldPolicy().generate(asked, never);
    const copied = candidates.find(({ source }) => source === 'copied');
    expect(copied?.tokenIds[0]).toBe(tokenizer.encode('return')[0]);
  });

  test('log-probabilities of the first token are shared out among those that agree', () => {
    const logits = Float32Array.from({ length: manifest.vocabularySize }, (_, id) => (id % 7) - 3);
    const rules = {
      index,
      cut: 'ret',
      stop: stopRules('', '', false),
      ...plain,
      temperature: 1,
      maxTokens: 9,
    };
    const place = new Place(logits, '', rules);
    const ids = [...index.compatible('ret')!];
    expect(ids.length).toBeGreaterThan(3);
    const total = ids.reduce((sum, id) => sum + Math.exp(place.logProb(id)), 0);
    expect(total).toBeCloseTo(1, 5);
  });
});

function entropyOf(weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.reduce((sum, weight) => sum - (weight / total) * Math.log(weight / total), 0);
}

describe('drafts', () => {
  test('are as likely as their tokens one by one, and that the line ends after them', async () => {
    await fc.assert(
      fc.asyncProperty(codeText, codeText, async (prefix, text) => {
        fc.pre(text.trim() !== '' && !/[\r\n`]|[^\x20-\x7e]/.test(text));
        const asked = request(prefix, { drafts: [draft(text)] });
        const { candidates } = await coldPolicy().generate(asked, never);
        const found = candidates.find((candidate) => candidate.copy !== undefined);
        if (found?.source !== 'copied') return;
        const prompt = buildPrompt(asked.context, { tokenizer, index, manifest }, 480);
        let expected = 0;
        let emitted = '';
        let first: { firstLogProb: number; entropy: number } | undefined;
        // -1 stands for any token that ends the line.
        for (const [read, id] of [...found.tokenIds, -1].entries()) {
          const rest = prompt.cut.slice(emitted.length);
          const logits = await logitsAfter([...prompt.ids, ...found.tokenIds.slice(0, read)]);
          const agree = [...logits.keys()].filter(
            (other) =>
              logits[other] !== -Infinity &&
              (index.bytes(other).startsWith(rest) || rest.startsWith(index.bytes(other))),
          );
          const weight = (ids: readonly number[]): number =>
            ids.reduce((sum, other) => sum + Math.exp(logits[other] ?? 0), 0);
          const chosen = id < 0 ? agree.filter((o) => /^[\r\n]/.test(index.bytes(o))) : [id];
          expected += Math.log(weight(chosen) / weight(agree));
          emitted += index.bytes(id);
          if (emitted.length > prompt.cut.length && id >= 0)
            first ??= {
              firstLogProb: expected,
              entropy: entropyOf(agree.map((other) => weight([other]))),
            };
        }
        expect(found.logProb).toBeCloseTo(expected, 3);
        expect(found.firstLogProb ?? NaN).toBeCloseTo(first?.firstLogProb ?? NaN, 3);
        expect(found.entropy ?? NaN).toBeCloseTo(first?.entropy ?? NaN, 3);
      }),
      { numRuns: 40 },
    );
  });

  test('of several lines know how likely their first lines are, as far as they were read', async () => {
    const lines = ['return x;', '  in(0);', '}'];
    const alone = lines.map((_, i) => lines.slice(0, i + 1).join('\n'));
    const known = async (text: string) => {
      const asked = request('a {\n  ', { drafts: [draft(text)] });
      const { candidates } = await coldPolicy().generate(asked, never);
      return candidates.find((candidate) => candidate.text === text);
    };
    const { lineLogProbs = [] } = (await known(alone[2] ?? '')) ?? {};
    expect(lineLogProbs).toHaveLength(2);
    for (const [i, logProb] of lineLogProbs.entries())
      expect(logProb).toBeCloseTo((await known(alone[i] ?? ''))?.logProb ?? NaN, 3);
    expect((await known(alone[0] ?? ''))?.lineLogProbs).toBeUndefined();
    const long = await known(`x;\n${'bcd '.repeat(50)}x`);
    expect(long?.logProb).toBeNaN();
    expect(long?.lineLogProbs).toHaveLength(1);
  });

  test('that say the same as the model leave one candidate, with what the copy rests on', async () => {
    const prefix = 'const a = 1;\nconst b';
    const { candidates } = await coldPolicy().generate(request(prefix), never);
    const text = candidates[0]?.text ?? '';
    const asked = request(prefix, { drafts: [draft(text), draft(text)] });
    const both = await coldPolicy().generate(asked, never);
    expect(both.candidates).toHaveLength(1);
    expect(both.candidates[0]).toMatchObject({ source: 'greedy', copy: { runLength: 9 } });
  });

  test('that are too long to be read are proposed all the same, not scored', async () => {
    const asked = request('a', { drafts: [draft('bcd '.repeat(50)), draft('x')] });
    const { candidates } = await coldPolicy().generate(asked, never);
    const scores = candidates.filter(({ copy }) => copy !== undefined).map((c) => c.logProb);
    expect(scores[0]).toBeNaN();
    expect(scores[1]).toBeLessThan(0);
  });
});

describe('listed names', () => {
  const rests = ['in', 'inor', 'const', 'constret', 'x12', 'xxx', 'retur'];
  const begins = new RegExp(`^(?:${rests.join('|')})(?![\\w$])`);
  const rowsOf = (candidates: readonly Candidate[]) =>
    candidates.filter(({ source }) => source === 'greedy' || source === 'sampled');

  test('are what every row begins with, greedy and sampled, where nothing else exists', async () => {
    let rows = 0;
    await fc.assert(
      fc.asyncProperty(codeText, fc.nat({ max: 99 }), async (before, seed) => {
        const words = { rests, only: true };
        const asked = request(`${before}a.`, { words, samples: 3, seed, maxTokens: 40 });
        const { candidates } = await coldPolicy().generate(asked, never);
        for (const { text } of rowsOf(candidates)) expect(text).toMatch(begins);
        rows += rowsOf(candidates).length;
      }),
      { numRuns: 40 },
    );
    expect(rows).toBeGreaterThan(30);
  });

  test('restrict the greedy row no more than where it would have said another name', async () => {
    let compared = 0;
    for (let a = 0; a < 20; a++) {
      const prefix = `const a = ${a};\nb.`;
      const free = (await coldPolicy().generate(request(prefix), never)).candidates[0]?.text ?? '';
      const word = /^[\w$]*/.exec(free)?.[0] ?? '';
      // A word that is all of it may have been given up in the middle.
      if (word === free) continue;
      const words = { rests: [...rests, word], only: true };
      const { candidates } = await coldPolicy().generate(request(prefix, { words }), never);
      expect(rowsOf(candidates)[0]?.text).toBe(free);
      if (word !== '') compared += 1;
    }
    expect(compared).toBeGreaterThan(3);
  });

  test('that end before the cursor let only what is no part of a word follow', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const asked = request('a.con', { words: { rests: [''], only: true }, samples: 3, seed });
      const { candidates } = await coldPolicy().generate(asked, never);
      for (const { text } of rowsOf(candidates)) expect(text).toMatch(/^(?![\w$])/);
    }
  });

  test('are scored like drafts, as far as there is room, and change no row where others exist', async () => {
    const prefix = 'const a = b.';
    const plainly = await coldPolicy().generate(request(prefix, { samples: 2 }), never);
    const words = { rests: [...rests, 'y'.repeat(30)], only: false };
    const asked = request(prefix, { samples: 2, words, drafts: [draft('in')] });
    const { candidates } = await coldPolicy().generate(asked, never);
    expect(rowsOf(candidates).map(({ text }) => text)).toEqual(
      plainly.candidates.map(({ text }) => text),
    );
    const byText = new Map(candidates.map((candidate) => [candidate.text, candidate]));
    expect(byText.get('in')).toMatchObject({ source: 'copied' });
    expect(byText.get('const')).toMatchObject({ source: 'listed', propensity: 1 });
    const { candidates: drafted } = await coldPolicy().generate(
      request(prefix, { drafts: [draft('const')] }),
      never,
    );
    const copied = drafted.find(({ text }) => text === 'const');
    expect(byText.get('const')?.logProb).toBeCloseTo(copied?.logProb ?? NaN, 3);
    expect(byText.has('y'.repeat(30))).toBe(false);
  });
});

describe('samples', () => {
  test('are the same for the same seed and others for another', async () => {
    const texts = async (seed: number): Promise<string[]> => {
      const asked = request('const a = ', { samples: 3, seed });
      return (await coldPolicy().generate(asked, never)).candidates.map(({ text }) => text);
    };
    expect(await texts(3)).toEqual(await texts(3));
    expect(await texts(3)).not.toEqual(await texts(4));
  });

  test('differ from each other, come after the greedy one, and know their propensity', async () => {
    let sampled = 0;
    for (const prefix of ['const a = ', 'ret', 'f(\n    ', '']) {
      for (let seed = 0; seed < 5; seed++) {
        const asked = request(prefix, { samples: 5, seed });
        const { candidates } = await coldPolicy().generate(asked, never);
        expect(new Set(candidates.map(({ text }) => text)).size).toBe(candidates.length);
        for (const [i, { source, propensity, logProb }] of candidates.entries()) {
          expect(propensity).toBeGreaterThan(0);
          expect(propensity).toBeLessThanOrEqual(1);
          expect(logProb).toBeLessThanOrEqual(0);
          if (source === 'greedy') expect([i, propensity]).toEqual([0, 1]);
          else sampled += 1;
        }
      }
    }
    expect(sampled).toBeGreaterThan(10);
  });

  test('leave the greedy text at any of its tokens, and are as likely as when all is read anew', async () => {
    let later = 0;
    for (let seed = 0; seed < 60; seed++) {
      const prefix = ['const a = ', 'let b = f(', '  return '][seed % 3] ?? '';
      const asked = request(prefix, { samples: 7, seed });
      const { candidates } = await coldPolicy().generate(asked, never);
      const greedy = candidates.find(({ source }) => source === 'greedy');
      for (const { source, tokenIds, text, logProb } of candidates) {
        if (source === 'greedy') continue;
        if (tokenIds.findIndex((id, i) => id !== greedy?.tokenIds[i]) > 0) later += 1;
        const row = await slowRow(asked, tokenIds);
        expect(row.candidate()?.text).toBe(text);
        // Where a character comes out broken, the text ends before it, and no line end counts.
        const known = [row.candidate()?.logProb ?? NaN, row.logProbOf(tokenIds.length)];
        expect(Math.min(...known.map((each) => Math.abs(each - logProb)))).toBeLessThan(1e-3);
      }
    }
    expect(later).toBeGreaterThan(10);
  });

  test('hold no special token and, outside Markdown, no code fence', async () => {
    const asked = request('x', { samples: 7, temperature: 3, maxTokens: 40 });
    for (let seed = 0; seed < 20; seed++) {
      const { candidates } = await coldPolicy().generate({ ...asked, seed }, never);
      for (const { tokenIds, text } of candidates) {
        expect(text).not.toContain('```');
        for (const id of tokenIds) expect(manifest.specialIds).not.toContain(id);
      }
    }
  });
});

describe('work', () => {
  const slow = request('const a = 1;\n'.repeat(30), { maxTokens: 100, samples: 3 });

  test('ends with an AbortError when it is cancelled, and the next one is as if nothing was', async () => {
    const expected = await coldPolicy().generate(slow, never);
    for (let after = 0; after < 12; after++) {
      const policy = coldPolicy();
      const abort = new AbortController();
      const cancelled = policy.generate(slow, abort.signal);
      void cancelled.catch(() => undefined);
      for (let turn = 0; turn < after; turn++) await new Promise(setImmediate);
      abort.abort();
      await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
      const { candidates } = await policy.generate(slow, never);
      expect(candidates.map(({ text }) => text)).toEqual(
        expected.candidates.map(({ text }) => text),
      );
    }
  });

  test('is never done for more than the newest request', async () => {
    let running = 0;
    let most = 0;
    const watched: Session = {
      ...session,
      run: async (feeds, fetches) => {
        most = Math.max(most, ++running);
        await new Promise(setImmediate);
        return session.run(feeds, fetches).finally(() => running--);
      },
    };
    const policy = createPolicy(watched, tokenizer, manifest);
    const all = Array.from({ length: 5 }, () => policy.generate(slow, never));
    const settled = await Promise.allSettled(all);
    expect(settled.map(({ status }) => status)).toEqual([
      ...['rejected', 'rejected', 'rejected', 'rejected'],
      'fulfilled',
    ]);
    for (const result of settled) {
      if (result.status === 'rejected') expect(result.reason).toHaveProperty('name', 'AbortError');
    }
    expect(most).toBe(1);
  });

  test('reads a warmed context from the cache, but for its last token', async () => {
    const policy = coldPolicy();
    await policy.warm(slow.context, never);
    const { promptTokens, cachedTokens } = await policy.generate(slow, never);
    expect(cachedTokens).toBe(promptTokens - 1);
  });

  test('costs only what was typed, and nothing again for another file in between', async () => {
    const policy = coldPolicy();
    const first = request('const a = 1;\n'.repeat(20));
    await policy.generate(first, never);
    await policy.generate({ ...first, context: context('other\n', { path: 'b.ts' }) }, never);
    const typed = request(`${first.context.prefix}const b`);
    const { promptTokens, cachedTokens } = await policy.generate(typed, never);
    expect(promptTokens - cachedTokens).toBeLessThan(10);
  });

  test('leaves out snippets that would keep the user waiting, until they have been read', async () => {
    const policy = coldPolicy();
    const snippet = (text: string) => [{ kind: 'similar', path: 'b.ts', text } as const];
    const [first, second] = [
      snippet('let a = 1;\n'.repeat(40)),
      snippet('let b = 2;\n'.repeat(40)),
    ];
    const ask = async (snippets: readonly Snippet[], maxUnreadTokens?: number) => {
      const asked = { ...request('const a = 1;\n'), maxUnreadTokens };
      const result = await policy.generate(
        { ...asked, context: { ...asked.context, snippets } },
        never,
      );
      return result.snippets;
    };
    const warm = (snippets: readonly Snippet[]) =>
      policy.warm(context('const a = 1;\n', { snippets }), never);
    expect(await ask(first, 60)).toEqual([]);
    await warm(first);
    expect(await ask(first, 60)).toEqual(first);
    // What was told before is as good as nothing new, and better than nothing at all.
    expect(await ask(second, 60)).toEqual(first);
    await warm(second);
    expect(await ask(second, 60)).toEqual(second);
    expect(await ask([], 60)).toEqual([]);
    expect(await coldPolicy().generate(request('x'), never)).toHaveProperty('snippets', []);
    expect(await ask(first)).toEqual(first);
  });

  test('rejects what is running when the policy is disposed', async () => {
    const model = await makeTinyModel(path.join(folder, 'disposed'));
    const own = await openSession(model.graphPath, { threads: 1 });
    const policy = createPolicy(own, await loadTokenizer(model), model.manifest);
    const cancelled = policy.generate(slow, never);
    const rejection = expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
    await policy.dispose();
    await rejection;
  });
});
