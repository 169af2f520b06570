/**
 * The ablation as figures and as Markdown. Only cuts that every row has answered count, so that rows
 * are compared on the same questions; where packages were not asked equally often, each counts by
 * the cuts it has.
 */
import { bootstrap, type Interval, mean, quantile, sum } from '../../src/util/statistics';
import type { Answer } from './answers';
import { type CutKind, cutKinds } from './cuts';
import { type Marks, marksOf } from './metrics';

/** A cut with its marks in every row. */
export interface MarkedCut {
  readonly package: string;
  readonly language: string;
  readonly kind: CutKind;
  readonly targetCharacters: number;
  /** Whether the automatic closers stand after the cursor; undefined where the editor puts none. */
  readonly isClosed: boolean | undefined;
  readonly rows: Readonly<Record<string, MarkedAnswer>>;
}

export interface MarkedAnswer extends Marks {
  readonly latencyMs: number;
}

export interface RowFigures {
  readonly exact: Interval;
  readonly exactByKind: Readonly<Record<CutKind, number>>;
  /** Where the editor puts closers after the cursor, without them and with them; NaN without cuts. */
  readonly exactByClosers: { readonly plain: number; readonly closed: number };
  readonly similarity: number;
  /** Share of the characters of the answers that need not be typed, 0..1. */
  readonly saved: number;
  readonly latencyMs: { readonly p50: number; readonly p95: number };
}

export interface GroupFigures {
  readonly name: string;
  readonly cuts: number;
  /** Cuts where the editor puts closers after the cursor, without them and with them. */
  readonly cutsByClosers: { readonly plain: number; readonly closed: number };
  readonly rows: Readonly<Record<string, RowFigures>>;
  /** Exact match of everything over that of the better baseline. */
  readonly ratio: Interval;
}

export interface Ablation {
  readonly key: string;
  readonly overall: GroupFigures;
  readonly languages: readonly GroupFigures[];
  readonly packages: readonly GroupFigures[];
}

/** Names of rows: all of them, those that everything is compared with, and everything. */
export interface RowNames {
  readonly all: readonly { readonly id: string; readonly title: string }[];
  readonly baselines: readonly string[];
  readonly everything: string;
}

/** Cuts that have all rows. */
export function markCuts(
  answers: readonly Answer[],
  names: RowNames,
  languageOfPackage: (name: string) => string,
): MarkedCut[] {
  const byCut = new Map<string, Answer[]>();
  for (const answer of answers) {
    const id = `${answer.package}\n${answer.cut}\n${answer.kind}`;
    byCut.set(id, [...(byCut.get(id) ?? []), answer]);
  }
  return [...byCut.values()].flatMap((cut) => {
    const [first] = cut;
    const rows = Object.fromEntries(
      cut.map(({ row, text, target, left, latencyMs }) => [
        row,
        { ...marksOf(text, target, left), latencyMs },
      ]),
    );
    if (first === undefined || names.all.some(({ id }) => rows[id] === undefined)) return [];
    return {
      package: first.package,
      language: languageOfPackage(first.package),
      kind: first.kind,
      targetCharacters: first.target.length,
      isClosed: first.closers ? first.isClosed === true : undefined,
      rows,
    };
  });
}

export function ablation(key: string, cuts: readonly MarkedCut[], names: RowNames): Ablation {
  const grouped = (of: (cut: MarkedCut) => string) =>
    [...new Set(cuts.map(of))].map((name) =>
      figures(
        name,
        cuts.filter((cut) => of(cut) === name),
        names,
      ),
    );
  return {
    key,
    overall: figures('all', cuts, names),
    languages: grouped(({ language }) => language),
    packages: grouped((cut) => cut.package),
  };
}

function figures(name: string, cuts: readonly MarkedCut[], names: RowNames): GroupFigures {
  const packages = [...new Set(cuts.map((cut) => cut.package))];
  const strata = packages.map((each) => cuts.filter((cut) => cut.package === each));
  return {
    name,
    cuts: cuts.length,
    cutsByClosers: byClosers((isClosed) => closedCuts(cuts, isClosed).length),
    rows: Object.fromEntries(names.all.map(({ id }) => [id, rowFigures(id, cuts, strata)])),
    ratio: bootstrap(strata, (sample) => {
      const better = Math.max(...names.baselines.map((row) => exactShare(sample, row)));
      return exactShare(sample, names.everything) / better;
    }),
  };
}

function rowFigures(
  row: string,
  cuts: readonly MarkedCut[],
  strata: readonly (readonly MarkedCut[])[],
): RowFigures {
  const answers = cuts.flatMap((cut) => cut.rows[row] ?? []);
  const latencies = answers.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  const ofKind = (kind: CutKind) =>
    exactShare(
      cuts.filter((cut) => cut.kind === kind),
      row,
    );
  return {
    exact: bootstrap(strata, (sample) => exactShare(sample, row)),
    exactByKind: { midLine: ofKind('midLine'), lineStart: ofKind('lineStart') },
    exactByClosers: byClosers((isClosed) => exactShare(closedCuts(cuts, isClosed), row)),
    similarity: mean(answers.map(({ similarity }) => similarity)),
    saved:
      sum(answers.map(({ saved }) => saved)) /
      sum(cuts.map(({ targetCharacters }) => targetCharacters)),
    latencyMs: { p50: quantile(latencies, 0.5), p95: quantile(latencies, 0.95) },
  };
}

function byClosers(figure: (isClosed: boolean) => number) {
  return { plain: figure(false), closed: figure(true) };
}

function closedCuts(cuts: readonly MarkedCut[], isClosed: boolean): MarkedCut[] {
  return cuts.filter((cut) => cut.isClosed === isClosed);
}

function exactShare(cuts: readonly MarkedCut[], row: string): number {
  return mean(cuts.map((cut) => (cut.rows[row]?.exact === true ? 1 : 0)));
}

/** The table of all packages, and exact match by language and package beside it. */
export function markdown({ key, overall, languages, packages }: Ablation, names: RowNames): string {
  const groups = [...languages, ...packages];
  return [
    `${overall.cuts} cuts of ${packages.length} packages, answered by code ${key}.`,
    '',
    ...tableOf(
      [
        'row',
        'exact match, % (95 %)',
        ...cutKinds.map((kind) => `${kindTitles[kind]}, %`),
        `open brackets or quotes (${overall.cutsByClosers.plain}), %`,
        `automatic closers (${overall.cutsByClosers.closed}), %`,
        'edit similarity',
        'characters saved, %',
        'p50 / p95, ms',
      ],
      names.all.map(({ id, title }) => {
        const row = overall.rows[id];
        if (row === undefined) return [title];
        return [
          title,
          `${percent(row.exact.value)} (${percent(row.exact.low)} to ${percent(row.exact.high)})`,
          ...cutKinds.map((kind) => percent(row.exactByKind[kind])),
          percent(row.exactByClosers.plain),
          percent(row.exactByClosers.closed),
          row.similarity.toFixed(3),
          percent(row.saved),
          `${row.latencyMs.p50.toFixed(0)} / ${row.latencyMs.p95.toFixed(0)}`,
        ];
      }),
    ),
    '',
    'Exact match, %:',
    '',
    ...tableOf(
      ['row', ...groups.map(({ name, cuts }) => `${name} (${cuts})`)],
      names.all.map(({ id, title }) => [
        title,
        ...groups.map(({ rows }) => percent(rows[id]?.exact.value ?? NaN)),
      ]),
    ),
    '',
    ...(languages.some(({ name }) => name === 'python')
      ? ['There is no language server for Python here: its row is the one before.', '']
      : []),
    'Everything on, as a multiple of the better of model alone and copied alone (95 %):',
    '',
    ...[overall, ...languages].map(
      ({ name, cuts, ratio }) =>
        `- ${name} (${cuts}): ${ratio.value.toFixed(2)} (${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)})`,
    ),
  ].join('\n');
}

const kindTitles: Readonly<Record<CutKind, string>> = {
  midLine: 'middle of a line',
  lineStart: 'start of a line',
};

export function tableOf(head: readonly string[], body: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...body.map(line)];
}

function percent(share: number): string {
  return Number.isNaN(share) ? '-' : (100 * share).toFixed(1);
}
