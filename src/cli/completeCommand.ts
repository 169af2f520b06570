/** `hone complete`: what the editor would have suggested at one place of a file. */
import { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import { CopyIndex } from '../completion/copyIndex';
import { featureNames } from '../completion/features';
import { NeighbourIndex } from '../completion/neighbours';
import { createParser } from '../completion/parser';
import { suggest } from '../completion/suggest';
import { defaultSettings } from '../contributions';
import { createRewardModel, readRewardWeights } from '../model/rewardModel';
import { isScript, loadTypeScript, typeScriptServer } from '../replay/typescriptServer';
import { readWorkspaceFiles } from '../replay/workspaceFiles';
import type { ScoredCandidate, Suggestion, Trigger } from '../types';
import { systemClock } from '../util/clock';
import { languageOf } from '../util/language';
import { seededRandom } from '../util/random';
import { stderrLogger } from '../util/log';
import { readText, wholeNumber } from './arguments';
import { grammars, shippedModel, shippedReward, withPolicy } from './model';
import { print } from './terminal';

export function completeCommand(signal: AbortSignal): Command {
  return new Command('complete')
    .description(
      'print what would be suggested at a place in a file: * what the editor would show, - what it would withhold until asked',
    )
    .requiredOption('--file <file>', 'the file')
    .option('--offset <n>', 'cursor as characters from the start', wholeNumber)
    .option('--line <n>', 'cursor line, from 1', wholeNumber)
    .option('--column <n>', 'cursor column, from 1', wholeNumber)
    .option('--workspace <dir>', 'folder whose files may be looked at (default: the file alone)')
    .option('--model <dir>', 'imported model', shippedModel)
    .option('--adapter <dir>', 'adapter to run the model with')
    .option('--json', 'print the whole suggestion as JSON')
    .action(async (options: CompleteOptions) => {
      const root = options.workspace ?? path.dirname(options.file);
      const file = path.relative(root, options.file).replaceAll('\\', '/');
      const text = await readText(options.file);
      const files = options.workspace ? await readWorkspaceFiles(root, []) : [];
      const repository = path.basename(path.resolve(root));
      const copyIndex = new CopyIndex();
      const neighbours = new NeighbourIndex();
      for (const other of files) {
        if (other.path === file) continue;
        const uri = `file://${path.resolve(root, other.path)}`;
        copyIndex.update(uri, other.languageId, other.text);
        neighbours.update({ ...other, uri, repository });
      }
      const parser = createParser((name) => readFile(path.join(grammars, name)), stderrLogger);
      await parser.load(languageOf(file));
      const typescript = isScript(file) ? await loadTypeScript() : undefined;
      const languageServer = typescript && typeScriptServer(typescript, { files, directory: root });
      const reward = createRewardModel(await readRewardWeights(shippedReward), featureNames);
      await withPolicy(options, async (policy) => {
        const ask = (trigger: Trigger): Promise<Suggestion> =>
          suggest(
            {
              document: {
                uri: `file://${path.resolve(options.file)}`,
                path: file,
                repository,
                languageId: languageOf(file),
                text,
                offset: cursorOffset(text, options),
              },
              trigger,
              settings: defaultSettings,
              options: { exploration: 0 },
              reward,
              policy,
              copyIndex,
              neighbours,
              parser,
              languageServer,
              clock: systemClock,
              random: seededRandom(1),
            },
            signal,
          );
        const automatic = await ask('automatic');
        // Where the editor would not even ask, what it would say all the same.
        const suggestion =
          automatic.candidates.length > 0
            ? automatic
            : { ...(await ask('invoked')), shownIndex: null };
        if (options.json) return print(JSON.stringify(suggestion));
        for (const [index, candidate] of suggestion.candidates.entries())
          print(formatCandidate(candidate, markOf(index, suggestion.shownIndex)));
      });
    });
}

interface CompleteOptions {
  readonly file: string;
  readonly offset?: number;
  readonly line?: number;
  readonly column?: number;
  readonly workspace?: string;
  readonly model: string;
  readonly adapter?: string;
  readonly json?: boolean;
}

/** The offset of `--offset`, or of `--line` and `--column`, both from 1; the end where none is given. */
function cursorOffset(text: string, { offset, line, column }: CompleteOptions): number {
  if (offset !== undefined) return checkedOffset(offset, text.length);
  if (line === undefined) return text.length;
  const lines = text.split('\n');
  if (line < 1 || line > lines.length)
    throw new Error(`There is no line ${line}: the file has ${lines.length}.`);
  const before = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  const length = lines[line - 1]?.length ?? 0;
  return before + Math.min((column ?? length + 1) - 1, length);
}

function checkedOffset(offset: number, length: number): number {
  if (offset > length) throw new Error(`There is no offset ${offset}: the file has ${length}.`);
  return offset;
}

/** The others of what is shown come by cycling. */
function markOf(index: number, shownIndex: number | null): string {
  if (shownIndex === null) return '-';
  return index === shownIndex ? '*' : ' ';
}

function formatCandidate(candidate: ScoredCandidate, mark: string): string {
  const score = candidate.score.toFixed(3).padStart(6);
  return `${mark} ${score}  ${candidate.source.padEnd(7)}  ${JSON.stringify(candidate.text)}`;
}
