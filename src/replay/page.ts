/**
 * A replay's report as one page that any browser shows, pictures included. It says what was measured
 * and how sure that is; the same seed gives the same page, byte for byte, so nothing of the machine or
 * its speed is on it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Charts } from './charts';
import { type ArmFigures, type ArmName, armNames, type Difference, metrics } from './measures';
import type { Foretold, OtherEagerness } from './otherEagerness';
import type { ReplayReport, SliceFigures } from './report';

const meanings: Readonly<Record<ArmName, string>> = {
  none: 'the frozen policy alone, told only of its file',
  cache: 'with all sources: text copied from the repository, similar code, recent edits',
  reward: 'and the reward model orders the candidates and stays silent, refitted as it goes',
  all: 'and adapters are trained on what was accepted and written, behind the gate',
};

/** Writes `report.html` into a folder, which is made if need be; resolves to its path. */
export async function writePage(report: ReplayReport, directory: string): Promise<string> {
  // Drawing is much code, which no other command needs.
  const { drawCharts } = await import('./charts');
  const file = path.join(directory, 'report.html');
  await mkdir(directory, { recursive: true });
  await writeFile(file, pageOf(report, drawCharts(report)));
  return file;
}

export function pageOf(report: ReplayReport, charts: Charts): string {
  const { history, decisions, written, commits, seed, policy } = report;
  const arms = armNames.filter((name) => report.arms[name]);
  const left = [
    commits.bot > 0 ? `${commits.bot} by programs` : '',
    commits.bulk > 0 ? `${commits.bulk} too large to have been typed` : '',
    commits.shallow > 0 ? `${commits.shallow} at which a shallow history begins` : '',
  ].filter((part) => part !== '');
  const title = escaped(`${history.name}, replayed`);
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${title}</title><style>${style}</style></head><body>`,
    `<h1>${title}</h1>`,
    `<p class="lead">${headline(report, arms)}</p>`,
    `<dl>${arms.map((name) => `<dt>${name}</dt><dd>${meanings[name]}</dd>`).join('')}</dl>`,
    charts.kept,
    table(
      [
        'arm',
        'kept of 1,000 characters',
        'shown',
        'accepted',
        'refused',
        'keys saved',
        'calibration error',
      ],
      arms.map((name) => [name, ...figures(report.arms[name])]),
    ),
    charts.overTime,
    charts.outcomes,
    ...(report.differences.length > 0
      ? ['<h2>Differences on the same decisions</h2>', differences(report)]
      : []),
    '<h2>By language</h2>',
    byLanguage(report.byLanguage, arms),
    ...(report.otherEagerness.length > 0
      ? ['<h2>Another eagerness</h2>', estimates(report.otherEagerness), `<p>${howEstimated}</p>`]
      : []),
    '<h2>How this was measured</h2>',
    `<p>${decisions} decisions in ${commits.asked} of ${commits.walked} commits up to <code>${escaped(history.head.slice(0, 12))}</code>, on ${written.toLocaleString('en')} characters written. Seed ${seed}, policy <code>${escaped(policy)}</code>.${left.length > 0 ? ` Nothing was asked in commits ${left.join(', ')}.` : ''}</p>`,
    `<p>${howMeasured}</p>`,
    '</body></html>',
    '',
  ].join('\n');
}

/** Dark text on white, whatever the browser prefers: the pictures are so. */
const style = `
body { max-width: 760px; margin: 2em auto; padding: 0 1em; font: 16px/1.5 Helvetica, Arial, sans-serif; color: #222; background: #fff; }
.lead { font-size: 1.15em; }
dt { font-weight: bold; float: left; clear: left; width: 5em; } dd { margin: 0 0 .3em 5em; }
table { border-collapse: collapse; margin: 1em 0; font-size: .9em; }
th, td { padding: .3em .7em; border-bottom: 1px solid #ccc; text-align: right; }
th:first-child, td:first-child { text-align: left; }
svg { max-width: 100%; height: auto; margin: 1em 0; }
`;

const howMeasured = `Commits were taken in time order and turned into edits, each file from top to bottom. At places where a person pauses (line starts, after a dot, a bracket, a comma or a space, in a word), drawn by the seed, every arm was asked with the document as it then stood. A simulated user who was about to write what the commit holds took what agreed with it, whole or by words, mended near misses, sent the rest away or typed over it, and sometimes did not look. Each arm has its own tracker and store, the product's, and learns only from what it decided before (predict, then learn). <em>Kept</em> is what was accepted and still stood ten minutes later. Intervals are 95 % of a paired bootstrap over commits. The calibration error is the mean distance between the forecast that a shown text would be taken and stay, and how often it was.`;

const howEstimated = `Estimated from what the arm <b>reward</b> chose and how likely each choice was (SNIPS), without showing anything else to anybody; then really replayed with that eagerness, without drawing. <em>Effective</em> is how many decisions of its own would tell as much.`;

/** What the last arm did better or worse than the first, in one sentence. */
function headline(report: ReplayReport, arms: readonly ArmName[]): string {
  const [first] = arms;
  const last = arms.at(-1);
  if (first === undefined || last === undefined || first === last) return 'One arm alone.';
  const before = report.arms[first]?.retainedPer1000 ?? 0;
  const after = report.arms[last]?.retainedPer1000 ?? 0;
  const found = report.differences.find(
    (each) => each.arms[0] === first && each.arms[1] === last && each.metric === 'retainedPer1000',
  );
  const times = before > 0 ? `${(after / before).toFixed(2)} times as much as` : 'compared with';
  const interval =
    found === undefined ? '' : `; the difference is ${signed(found)} in 95 of 100 resamplings`;
  return `Of 1,000 characters written, <b>${after.toFixed(0)}</b> were accepted from <b>${last}</b> and stayed, ${times} the <b>${before.toFixed(0)}</b> from <b>${first}</b>${interval}.`;
}

function signed({ low, high }: Difference): string {
  return `between ${low.toFixed(1)} and ${high.toFixed(1)}`;
}

function figures(arm: ArmFigures | undefined): string[] {
  if (arm === undefined) return [];
  const { retainedPer1000, shown, accepted, refused, keystrokesSaved, calibrationError } = arm;
  return [
    retainedPer1000.toFixed(1),
    ...[shown, accepted, refused, keystrokesSaved].map(String),
    calibrationError?.toFixed(3) ?? '–',
  ];
}

const metricNames = {
  retainedPer1000: 'kept of 1,000',
  shown: 'shown',
  accepted: 'accepted',
  refused: 'refused',
  keystrokesSaved: 'keys saved',
} as const satisfies Record<(typeof metrics)[number], string>;

function differences(report: ReplayReport): string {
  return table(
    ['', ...metrics.map((metric) => metricNames[metric])],
    report.differences
      .filter(({ metric }) => metric === metrics[0])
      .map(({ arms: [first, second] }) => [
        `${second} − ${first}`,
        ...metrics.map((metric) => {
          const found = report.differences.find(
            (each) => each.arms[0] === first && each.arms[1] === second && each.metric === metric,
          );
          if (found === undefined) return '';
          const { mean, low, high } = found;
          return `${mean.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`;
        }),
      ]),
  );
}

function estimates(rows: readonly OtherEagerness[]): string {
  const cells = ({ value, low, high, replayed }: Foretold, digits: number): string[] => [
    `${value.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`,
    replayed.toFixed(digits),
  ];
  return table(
    [
      ...['eagerness', 'shown from', 'effective', 'reward of a decision, estimated', 'replayed'],
      ...['kept of a decision, estimated', 'replayed'],
    ],
    rows.map(({ eagerness, threshold, effectiveSize, reward, retained }) => [
      ...[String(eagerness), threshold.toFixed(3), effectiveSize.toFixed(0)],
      ...[...cells(reward, 3), ...cells(retained, 2)],
    ]),
  );
}

function byLanguage(
  languages: Readonly<Record<string, SliceFigures>>,
  arms: readonly ArmName[],
): string {
  return table(
    ['language', 'decisions', ...arms.map((name) => `${name}: kept of 1,000`)],
    Object.entries(languages).map(([language, slice]) => [
      language,
      String(slice.decisions),
      ...arms.map((name) => slice.arms[name]?.retainedPer1000.toFixed(1) ?? ''),
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: 'th' | 'td'): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return `<table>\n${[line(head, 'th'), ...rows.map((row) => line(row, 'td'))].join('\n')}\n</table>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
