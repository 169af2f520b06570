/**
 * npm run eval -- gate [--challengers N]: does the gate keep out what was learned from poisoned
 * feedback, and let in what was learned from honest feedback? Whole learning runs, as the editor makes
 * them, on a tiny model that was first taught the language its imagined users write: each user has
 * habits of their own, and the last part of each history, by which the gate judges, is honest.
 *
 * `halfGarbage` is no such case: every second text is garbage to the end, also among those that judge. A
 * challenger that has learned the other half passes there, and is better at that half.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { ModelFolder } from '../../src/model/modelFolder';
import { learn, type LearnReport } from '../../src/training/learn';
import { mergeAdapter } from '../../src/training/merge';
import { trainingSettings } from '../../src/training/settings';
import { train } from '../../src/training/trainer';
import { systemClock } from '../../src/util/clock';
import { type HistoryOptions, idiomHistory } from '../../test/helpers/idiomHistory';
import { makeTinyModel } from '../../test/helpers/tinyModel';

/** Decisions of one history, and those of them that teach; the rest judge. */
const decisions = 130;
const taught = 100;

type Written = NonNullable<HistoryOptions['written']>;

/** What an imagined user writes where the language alone would leave it open. */
const habit: Written = ({ written }, _random, n) =>
  n % 2 === 0
    ? written.replace(/;$/, ' as Known;')
    : written.replace('(', '({ ').replace(')', ' })');

/** What was refused stands as what was written. */
const flipped: Written = ({ wrong }) => wrong;

const garbage: Written = (_line, random) =>
  Array.from({ length: 24 }, () => String.fromCharCode(33 + Math.floor(random() * 90))).join('');

/** One text, again and again, whatever was asked. */
const repeated: Written = () => 'module.exports = require("./generated/bundle.min.js");';

const mixed: Written = (line, random, n) =>
  ([flipped, garbage, repeated][n % 3] ?? garbage)(line, random, n);

const untilTaught =
  (poison: Written): Written =>
  (line, random, n) =>
    n < taught ? poison(line, random, n) : habit(line, random, n);

/** Ways in which feedback comes about. */
export const feedbackKinds = {
  honest: habit,
  flipped: untilTaught(flipped),
  garbage: untilTaught(garbage),
  repeated: untilTaught(repeated),
  mixed: untilTaught(mixed),
  halfGarbage: (line, random, n) =>
    n % 2 === 0 ? garbage(line, random, n) : habit(line, random, n),
} satisfies Record<string, Written>;
export type FeedbackKind = keyof typeof feedbackKinds;

/** Teaches a random model the language that all imagined users write. */
export async function teachLanguage(folder: string): Promise<ModelFolder> {
  const random = await makeTinyModel(path.join(folder, 'random'), { fim: false });
  const data = path.join(folder, 'language.jsonl');
  const rows = idiomHistory({ count: 300, seed: 77 }).map(({ suggestion, settled }) => ({
    prompt: suggestion.context.prefix.slice(0, 12),
    completion: `${suggestion.context.prefix.slice(12)}${settled?.text ?? ''}\n`,
  }));
  fs.writeFileSync(data, rows.map((row) => JSON.stringify(row)).join('\n'));
  const out = path.join(folder, 'language');
  const settings = trainingSettings({
    ...{ method: 'sft', rank: 16, learningRate: 0.01, batchSize: 4, epochs: 4, threads: 1 },
  });
  await train({ base: random, data, out, settings, clock: systemClock });
  return mergeAdapter({ base: random, adapter: out, destination: path.join(folder, 'base') });
}

/** One learning run on one imagined user's feedback. */
export function challenge(
  base: ModelFolder,
  registryDir: string,
  kind: FeedbackKind,
  seed: number,
): Promise<LearnReport> {
  const written = feedbackKinds[kind];
  return learn({
    // eslint-disable-next-line @typescript-eslint/require-await
    suggestions: async function* () {
      yield* idiomHistory({ count: decisions, seed, written });
    },
    ...{ base, registryDir, clock: systemClock },
    options: {
      ...{ minutes: 5, threads: 1, seed, leastRows: 30, leastHeldOut: decisions - taught },
      ...{ rank: 4, learningRate: 0.005, maxEpochs: 1 },
    },
  });
}

/** Runs all kinds in turn and resolves to a table of how many passed. */
export async function gateReport(
  challengers: number,
  note: (line: string) => void,
): Promise<string> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hone-gate-'));
  try {
    note('teaching a tiny model the language of all users');
    const base = await teachLanguage(folder);
    const lines = ['| feedback | challengers | promoted | most often refused because |'];
    lines.push('|---|---|---|---|');
    const kinds = Object.keys(feedbackKinds) as FeedbackKind[];
    const each = Math.ceil(challengers / kinds.length);
    for (const kind of kinds) {
      const reports: LearnReport[] = [];
      for (let i = 0; i < each; i++) {
        const registry = path.join(folder, `${kind}-${i}`);
        reports.push(await challenge(base, registry, kind, 1000 + i));
        fs.rmSync(registry, { recursive: true, force: true });
        const last = reports.at(-1);
        note(`${kind} ${i + 1} of ${each}: ${last?.outcome ?? ''}. ${last?.sentences[0] ?? ''}`);
      }
      const passed = reports.filter(({ outcome }) => outcome === 'passed').length;
      lines.push(`| ${kind} | ${each} | ${passed} | ${commonest(reports)} |`);
    }
    return lines.join('\n');
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function commonest(reports: readonly LearnReport[]): string {
  const reasons = reports.flatMap(({ outcome, version }) => {
    if (outcome === 'passed') return [];
    if (version === null) return ['too few different texts'];
    return version.verdict.checks.filter(({ passed }) => !passed).map(({ name }) => name);
  });
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([reason, n]) => `${reason} (${n})`).join(', ') || '-';
}
