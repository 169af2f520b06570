/**
 * npm run eval:surety [-- --cuts N]: how often copied text is right before any policy has read it, on
 * the tuned packages; the weights that belong in `completion/surety.ts`, and what the threshold there
 * is worth on packages that a fit did not see. No model is needed.
 */
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { CopyIndex } from '../../src/completion/copyIndex';
import { suggest } from '../../src/completion/suggest';
import {
  isUncontested,
  sureEnough,
  type SuretyFeature,
  suretyFeatures,
  suretyWeights,
} from '../../src/completion/surety';
import { defaultSettings } from '../../src/contributions';
import { systemClock } from '../../src/util/clock';
import { languageOf } from '../../src/util/language';
import { seededRandom } from '../../src/util/random';
import { mean } from '../../src/util/statistics';
import { type Cut, makeCuts } from './cuts';
import { logistic, type Question } from './fit';
import { marksOf } from './metrics';
import { packages, type PackageSources, readPackage } from './packages';

const { values } = parseArgs({ options: { cuts: { type: 'string', default: '500' } } });
const cache = path.join(process.cwd(), '.cache/eval');
const names = Object.keys(suretyWeights) as SuretyFeature[];

/** The best supported copy at one cut. */
interface Copied {
  readonly question: Question;
  /** Probability by a fit to the other packages. */
  readonly p: number;
  readonly exact: boolean;
}

let cutCount = 0;
const questions: Question[] = [];
for (const entry of packages.filter(({ set }) => set === 'tuned')) {
  const sources = readPackage(entry, cache);
  const cuts = makeCuts(sources.files, Number(values.cuts));
  cutCount += cuts.length;
  questions.push(...(await copiesIn(sources, cuts)));
}
const copied = [...new Set(questions.map((question) => question.package))].flatMap((name) => {
  const weights = logistic(questions.filter((question) => question.package !== name));
  return questions
    .filter((question) => question.package === name)
    .map((question): Copied => {
      const [option] = question.options;
      const logit = (option?.values ?? []).reduce((sum, x, i) => sum + x * (weights[i] ?? 0), 0);
      return { question, p: 1 / (1 + Math.exp(-logit)), exact: option?.exact ?? false };
    });
});

print(`${cutCount} cuts, ${questions.length} with an uncontested copy`);
const fitted = logistic(questions);
print(`weights: ${names.map((name, i) => `${name} ${fitted[i]?.toFixed(2)}`).join(', ')}`);
print('| probability given | copies | right | shown from here on, of all cuts | right of those |');
print('| --- | --- | --- | --- | --- |');
for (let tenth = 0; tenth < 10; tenth++) {
  const from = tenth / 10;
  const here = copied.filter(({ p }) => p >= from && p < from + 0.1);
  const above = copied.filter(({ p }) => p >= from);
  const cells = [`from ${from}`, here.length, share(here), percent(above.length / cutCount)];
  print(`| ${[...cells, share(above)].join(' | ')} |`);
}
for (const name of new Set(copied.map(({ question }) => question.package))) {
  const sure = copied.filter(({ question, p }) => question.package === name && p >= sureEnough);
  print(`${name}: ${sure.length} sure, ${share(sure)} right`);
}

async function copiesIn({ entry, files }: PackageSources, cuts: readonly Cut[]) {
  const copyIndex = new CopyIndex();
  for (const { path: file, text } of files) copyIndex.update(file, languageOf(file), text);
  const found: Question[] = [];
  for (const cut of cuts) {
    const document = {
      uri: cut.path,
      path: cut.path,
      repository: entry.name,
      languageId: languageOf(cut.path),
      text: cut.text,
      offset: cut.offset,
    };
    const { candidates } = await suggest(
      {
        document,
        trigger: 'invoked',
        settings: { ...defaultSettings, multiline: 'never' },
        policy: undefined,
        copyIndex,
        clock: systemClock,
        random: seededRandom(1),
      },
      new AbortController().signal,
    );
    const copies = candidates.flatMap(({ copy }) => (copy === undefined ? [] : [copy]));
    const [best] = copies;
    if (best === undefined || !isUncontested(copies)) continue;
    const { exact } = marksOf(candidates[0]?.text ?? '', cut.target);
    const byName = suretyFeatures(best);
    const features = names.map((name) => byName[name]);
    const option = { source: 'copied', values: features, exact, run: best.runLength };
    found.push({ package: entry.name, kind: cut.kind, options: [option] });
  }
  return found;
}

function share(some: readonly Copied[]): string {
  return some.length === 0 ? '' : percent(mean(some.map(({ exact }) => (exact ? 1 : 0))));
}

function percent(part: number): string {
  return `${(100 * part).toFixed(0)} %`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
