/** The report as one page of HTML that needs nothing else: the figures, then a row a hunk. */
import { linesOf, type HunkResult, summaryOf } from './summary';
import type { Pause } from './typist';

export interface PageDetails {
  readonly name: string;
  readonly head: string;
  readonly seed: number;
  /** Identity of the build that was tried. */
  readonly build: string;
}

export function pageOf(hunks: readonly HunkResult[], details: PageDetails): string {
  const { name, head, seed, build } = details;
  const title = `${name}, typed in a window`;
  const figures = linesOf(summaryOf(hunks))
    .map(([what, value]) => `<tr><th>${escaped(what)}</th><td>${escaped(value)}</td></tr>`)
    .join('\n');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top; border-bottom: 1px solid #ddd; }
th { font-weight: normal; }
code { font: 13px/1.4 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
.ghost { color: #8a6d00; }
.kept { color: #007a55; }
.bad { color: #b03a00; }
</style>
<h1>${escaped(title)}</h1>
<p>Hunks of the commits up to <code>${escaped(head.slice(0, 12))}</code>, typed key by key in VS Code at its default settings. Seed ${seed}, build <code>${escaped(build)}</code>.</p>
<table>
${figures}
</table>
<h2>Hunks</h2>
<table>
${hunks.map(rowOf).join('\n')}
</table>
</html>
`;
}

function rowOf(hunk: HunkResult): string {
  const { path, commit, written, typed, seconds, mended, pauses } = hunk;
  const note =
    mended === undefined ? '' : `<br><span class="bad">Mended: ${escaped(mended)}</span>`;
  return `<tr><td><code>${escaped(path)}</code><br>${commit.slice(0, 8)}, ${written} characters, ${typed} typed, ${seconds.toFixed(0)} s${note}</td><td>${pauses.map(pauseOf).join('<br>')}</td></tr>`;
}

function pauseOf(pause: Pause): string {
  const { before, automatic, proposed, waitMs, reaction, kept, doubled, broken } = pause;
  const drawn =
    proposed === ''
      ? ''
      : `<span class="${kept > 0 ? 'kept' : 'ghost'}">${escaped(proposed)}</span>`;
  const bad = [doubled ? 'doubled' : '', broken ? 'broken' : ''].filter((each) => each !== '');
  const wait = waitMs === null ? '' : `, ${waitMs.toFixed(0)} ms`;
  const took = kept > 0 ? `, ${kept} kept` : '';
  const wrong = bad.length > 0 ? ` <span class="bad">${bad.join(', ')}</span>` : '';
  return `<code>${escaped(before.trimStart().slice(-60))}▏${drawn}${escaped(automatic)}</code> ${reaction}${wait}${took}${wrong}`;
}

function escaped(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}
