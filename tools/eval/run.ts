/**
 * npm run eval [-- --set heldOut|tuned] [--packages A,B] [--cuts N] [--closers half|both] [--minutes M]
 * [--summary] [--json]: the ablation table. Half of the cuts have the editor's automatic closers after
 * the cursor, or each has them once. Cuts of all packages in turn, all rows of a cut one after the
 * other; what is answered stays answered, so it may be stopped at any time and goes on where it stopped.
 * npm run eval -- fit [--cuts N]: fits the score on the tuned packages (see fit.ts).
 * npm run eval -- reward [--stores DIR]: makes the reward model that ships (see reward.ts).
 * npm run eval -- calibration --stores DIR: whether forecasts are to be believed (see calibration.ts).
 * npm run eval -- members [--cuts N]: members of TypeScript that do not exist (see members.ts).
 * npm run eval -- blocks [--cuts N]: first lines of blocks that are shown (see blocks.ts).
 * npm run eval -- offpolicy --histories DIR: estimates beside replays (see offPolicy.ts).
 * npm run eval -- gate [--challengers N]: what the gate makes of poisoned feedback (see gate.ts).
 */
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { featureNames } from '../../src/completion/features';
import { createParser } from '../../src/completion/parser';
import { defaultSettings } from '../../src/contributions';
import { readModelFolder } from '../../src/model/modelFolder';
import { createPolicy } from '../../src/model/policy';
import {
  createRewardModel,
  readRewardWeights,
  writeRewardWeights,
} from '../../src/model/rewardModel';
import { openSession } from '../../src/model/session';
import { loadTokenizer } from '../../src/model/tokenizer';
import {
  loadTypeScript,
  type TypeScript,
  typeScriptServer,
} from '../../src/replay/typescriptServer';
import type { Suggestion } from '../../src/types';
import { stderrLogger } from '../../src/util/log';
import { readGrammar } from '../grammars.mjs';
import { type Answer, AnswerFile, codeKey } from './answers';
import { blocksAndLines, blocksReport, typingRow } from './blocks';
import { type ClosedCuts, type Cut, makeCuts, type SourceFile } from './cuts';
import { fitReport, fitScore, questionsOf, writeWeights } from './fit';
import { gateReport } from './gate';
import { judge, memberCuts, memberTable, type MemberAnswer } from './members';
import { offPolicyReport } from './offPolicy';
import { type PackageEntry, packages, readPackage } from './packages';
import { pretrain, readHistories, withCuts } from './reward';
import { calibrationReport } from './calibration';
import {
  baselines,
  everythingRow,
  leftBy,
  type Equipment,
  fitRow,
  type Row,
  rows,
  Workbench,
} from './rows';
import { ablation, markCuts, markdown, type RowNames } from './table';

const root = process.cwd();
const cache = path.join(root, '.cache/eval');
const shippedReward = path.join(root, 'media/reward/pretrained.json');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    set: { type: 'string', default: 'heldOut' },
    packages: { type: 'string' },
    cuts: { type: 'string' },
    closers: { type: 'string', default: 'half' },
    minutes: { type: 'string', default: 'Infinity' },
    challengers: { type: 'string', default: '100' },
    model: { type: 'string', default: path.join(root, 'media/models/hone-135m') },
    histories: { type: 'string' },
    commits: { type: 'string', default: '300' },
    decisions: { type: 'string', default: '120' },
    answers: { type: 'string', default: path.join(root, '.cache/replay/answers') },
    stores: { type: 'string', default: path.join(root, '.cache/replay') },
    summary: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const rowNames: RowNames = { all: rows, baselines: [...baselines], everything: everythingRow };

const answers = new AnswerFile(path.join(cache, 'answers.jsonl'));
const fitting = positionals[0] === 'fit';
const onTuned = fitting || positionals[0] === 'blocks';
const chosen = packages.filter(
  ({ set, name }) =>
    set === (onTuned ? 'tuned' : values.set) &&
    (values.packages === undefined || values.packages.split(',').includes(name)),
);
if (chosen.length === 0)
  throw new Error(`No such packages. There are: ${packages.map(({ name }) => name).join(', ')}.`);

if (positionals[0] === 'gate') {
  process.stdout.write((await gateReport(Number(values.challengers), note)) + '\n');
} else if (positionals[0] === 'blocks') {
  if (!values.summary) await askAll(fitKey(), [typingRow], Number(values.cuts ?? 15), 'none');
  const names = chosen.map(({ name }) => name);
  const asked = latest(fitKey(), [typingRow]).filter((each) => names.includes(each.package));
  const weights = await readRewardWeights(shippedReward);
  process.stdout.write(blocksReport(asked, createRewardModel(weights, featureNames)) + '\n');
} else if (fitting) {
  if (!values.summary) await askAll(fitKey(), [fitRow], Number(values.cuts ?? 40), 'none');
  const fit = fitScore(questionsOf(latest(fitKey(), [fitRow])));
  process.stdout.write(fitReport(fit) + '\n');
  writeWeights(fit, path.join(root, 'src/completion/scoreWeights.ts'));
} else if (positionals[0] === 'reward') {
  const histories = await readHistories(path.resolve(values.stores), stderrLogger);
  const { weights, report } = pretrain(withCuts(histories, latest(fitKey(), [fitRow]), historyOf));
  process.stdout.write(report + '\n');
  await writeRewardWeights(shippedReward, weights);
} else if (positionals[0] === 'calibration') {
  process.stdout.write((await calibrationReport(path.resolve(values.stores), stderrLogger)) + '\n');
} else if (positionals[0] === 'offpolicy') {
  if (values.histories === undefined)
    throw new Error('Name a folder of repositories with --histories.');
  const { equipment, close } = await equip();
  const report = await offPolicyReport({
    ...{ histories: path.resolve(values.histories), answers: path.resolve(values.answers) },
    ...{ commits: Number(values.commits), decisions: Number(values.decisions) },
    ...{ policy: equipment.full, parser: equipment.parser, note },
  });
  await close();
  process.stdout.write(report + '\n');
} else if (positionals[0] === 'members') {
  process.stdout.write(memberTable(await askMembers(Number(values.cuts ?? 300))) + '\n');
} else {
  const key = codeKey(root, [], values.model);
  if (!values.summary) await askAll(key, rows, Number(values.cuts ?? 100), closedCuts());
  const names = chosen.map(({ name }) => name);
  const cuts = markCuts(
    latest(key, rows).filter((answer) => names.includes(answer.package)),
    rowNames,
    (name) => packages.find((each) => each.name === name)?.language ?? 'unknown',
  );
  if (cuts.length === 0) throw new Error('No cut has been answered in every row yet.');
  const result = ablation(key, cuts, rowNames);
  process.stdout.write((values.json ? JSON.stringify(result) : markdown(result, rowNames)) + '\n');
}

/** Key of what is fitted to: it does not hang on what is made by fitting. */
function fitKey(): string {
  const made = [
    'src/completion/{score,scoreWeights,features,rerank,judge}.ts',
    'media/reward/pretrained.json',
  ];
  return codeKey(root, made, values.model);
}

/** The answers of this code in these rows, or, where a summary is wanted of older code, of the newest. */
function latest(key: string, asked: readonly Row[]): Answer[] {
  const isAsked = ({ row }: Answer) => asked.some(({ id }) => id === row);
  const own = answers.of(key).filter(isAsked);
  const newest = answers.newestKey(isAsked);
  if (own.length > 0 || newest === undefined) return own;
  note(`Nothing was answered by this code (${key}); this is of ${newest}.`);
  return answers.of(newest).filter(isAsked);
}

/** Name of the history that is of the same code as the package. */
function historyOf(name: string): string {
  return packages.find((entry) => entry.name === name)?.history ?? name;
}

/** Asks at `count` places, as many in each package of TypeScript, as shipped and without the lists. */
async function askMembers(count: number): Promise<Record<string, MemberAnswer[]>> {
  const { equipment, close } = await equip();
  const everything = rowOf(everythingRow);
  const without: MemberAnswer[] = [];
  const withIt: MemberAnswer[] = [];
  const { signal } = interrupted();
  const scripts = chosen.filter(({ language }) => language === 'typescript');
  for (const entry of scripts) {
    const sources = readPackage(entry, cache);
    const server = typeScriptServer(equipment.typescript, { files: sources.files });
    const workbench = new Workbench(sources, equipment);
    const cuts = memberCuts(sources.files, server, entry.name, Math.ceil(count / scripts.length));
    note(`${entry.name} ${entry.version}: ${cuts.length} places`);
    for (const cut of cuts) {
      const plain = await workbench.ask(cut, { ...everything, languageServer: false }, signal);
      without.push(judge(cut, plain, server));
      withIt.push(judge(cut, await workbench.ask(cut, everything, signal), server));
    }
    server.dispose();
  }
  await close();
  return { 'without the language server': without, 'with it': withIt };
}

/** Asks what has not been answered yet, the packages in turn. */
async function askAll(
  key: string,
  asked: readonly Row[],
  count: number,
  closed: ClosedCuts,
): Promise<void> {
  const { equipment, close } = await equip();
  const cutsOf = (files: readonly SourceFile[]) =>
    asked.includes(typingRow) ? blocksAndLines(files, count) : makeCuts(files, count, 1, closed);
  const opened = chosen.map((entry) => openPackage(entry, equipment, cutsOf));
  const all = opened.reduce((sum, { cuts }) => sum + cuts.length, 0);
  const startMs = performance.now();
  let done = 0;
  const { signal } = interrupted();
  const isTimeLeft = () => performance.now() - startMs < Number(values.minutes) * 60_000;
  for (let i = 0; isTimeLeft() && opened.some(({ cuts }) => i < cuts.length); i++) {
    for (const { entry, workbench, cuts } of opened) {
      const cut = cuts[i];
      if (cut === undefined) continue;
      done++;
      const left = asked.filter(
        (row) => !answers.has({ key, package: entry.name, cut: cut.id, row: row.id }),
      );
      for (const row of left)
        answers.add(answerOf(key, entry, cut, row, await workbench.ask(cut, row, signal)));
      if (left.length > 0 && done % 24 === 0) {
        const seconds = (performance.now() - startMs) / 1000;
        note(`${done} of ${all} cuts, ${(seconds / done).toFixed(2)} s each`);
      }
    }
  }
  await close();
}

/** What workspaces share, until it is closed. */
async function equip(): Promise<{ equipment: Equipment; close: () => Promise<void> }> {
  const folder = await readModelFolder(path.resolve(values.model));
  const tokenizer = await loadTokenizer(folder);
  const session = await openSession(folder.graphPath, { threads: threads() });
  const { manifest } = folder;
  const noHeader = { ...manifest, prompt: { repository: null, file: null } };
  const equipment = {
    plain: createPolicy(session, tokenizer, noHeader, false),
    full: createPolicy(session, tokenizer, manifest),
    parser: createParser(readGrammar, stderrLogger),
    reward: createRewardModel(await readRewardWeights(shippedReward), featureNames),
    typescript: await installedTypeScript(),
  } satisfies Equipment;
  return { equipment, close: () => session.release() };
}

function openPackage(
  entry: PackageEntry,
  equipment: Equipment,
  cutsOf: (files: readonly SourceFile[]) => readonly Cut[],
) {
  const sources = readPackage(entry, cache);
  const cuts = cutsOf(sources.files);
  note(`${entry.name} ${entry.version}: ${sources.files.length} files, ${cuts.length} cuts`);
  return { entry, workbench: new Workbench(sources, equipment), cuts };
}

function answerOf(
  key: string,
  entry: PackageEntry,
  cut: Cut,
  row: Row,
  suggestion: Suggestion,
): Answer {
  const { candidates, latencyMs, context } = suggestion;
  const text = candidates[0]?.text ?? '';
  return {
    key,
    package: entry.name,
    cut: cut.id,
    kind: cut.kind,
    row: row.id,
    target: cut.target,
    text,
    closers: cut.closers,
    isClosed: cut.isClosed,
    ...(cut.isClosed && { left: leftBy(cut, text) }),
    latencyMs: latencyMs.total,
    candidates: candidates.map(({ tokenIds: _, logProb, ...rest }) => ({
      ...rest,
      logProb: Number.isFinite(logProb) ? logProb : null,
    })),
    ...((row === fitRow || row === typingRow) && { context }),
  };
}

function closedCuts(): ClosedCuts {
  if (values.closers === 'half' || values.closers === 'both') return values.closers;
  throw new Error('--closers must be half or both.');
}

function rowOf(name: string): Row {
  const row = rows.find(({ id }) => id === name);
  if (row === undefined) throw new Error(`There is no row ${name}.`);
  return row;
}

async function installedTypeScript(): Promise<TypeScript> {
  const typescript = await loadTypeScript();
  if (typescript === undefined) throw new Error('TypeScript is not installed. Run npm run setup.');
  return typescript;
}

function threads(): number {
  return defaultSettings.threads || 2;
}

function interrupted(): AbortController {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  return controller;
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
