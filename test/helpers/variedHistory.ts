/** Suggestions of a person whose habits are a part of the day: the other half is ordinary code, our own. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { globSync } from 'tinyglobby';
import type { StoredSuggestion } from '../../src/types';
import { seededRandom } from '../../src/util/random';
import { idiomHistory } from './idiomHistory';

const root = path.resolve(import.meta.dirname, '../../src');
const linesBefore = 8;

/** As `idiomHistory`, but for every second decision, which stands in a line of a file under `src`. */
export function variedHistory(count: number): StoredSuggestion[] {
  const random = seededRandom(1);
  const files = globSync('**/*.ts', { cwd: root }).sort();
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  const places = (): { readonly file: string; readonly prefix: string; readonly text: string } => {
    for (;;) {
      const file = pick(files) ?? '';
      const lines = fs.readFileSync(path.join(root, file), 'utf8').split('\n');
      const at = Math.floor(random() * lines.length);
      const line = lines[at] ?? '';
      if (line.trim().length < 20 || /^\s*[*/]/.test(line)) continue;
      const cut = line.search(/\S/) + Math.floor((random() * line.trim().length) / 2);
      const above = lines.slice(Math.max(0, at - linesBefore), at);
      return { file, prefix: [...above, line.slice(0, cut)].join('\n'), text: line.slice(cut) };
    }
  };
  return idiomHistory({ count, seed: 1 }).map((stored, n) => {
    if (n % 2 === 0) return stored;
    const { file, prefix, text } = places();
    const { suggestion, outcomes, settled } = stored;
    const isTaken = outcomes[0]?.outcome === 'accepted';
    return {
      ...stored,
      suggestion: {
        ...suggestion,
        documentUri: `file:///work/${file}`,
        context: { ...suggestion.context, path: file, prefix },
        candidates: suggestion.candidates.map((candidate) =>
          isTaken ? { ...candidate, text } : candidate,
        ),
      },
      outcomes: outcomes.map((each) => ({ ...each, takenLength: isTaken ? text.length : 0 })),
      settled: settled && { ...settled, text },
    };
  });
}
