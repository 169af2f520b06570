/** `hone complete`: what the editor would have suggested at one place of a file. */
import { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import { CopyIndex } from '../completion/copyIndex';
import { NeighbourIndex } from '../completion/neighbours';
import { createParser } from '../completion/parser';
import { suggest } from '../completion/suggest';
import { defaultSettings } from '../contributions';
import { isScript, loadTypeScript, typeScriptServer } from '../replay/typescriptServer';
import { readWorkspaceFiles } from '../replay/workspaceFiles';
import type { ScoredCandidate } from '../types';
import { systemClock } from '../util/clock';
import { languageOf } from '../util/language';
import { seededRandom } from '../util/random';
import { stderrLogger } from '../util/log';
import { readText, wholeNumber } from './arguments';
import { grammars, shippedModel, withPolicy } from './model';
import { print } from './terminal';

export function completeCommand(signal: AbortSignal): Command {
  return new Command('complete')
    .description('print what would be suggested at a place in a file')
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
      await withPolicy(options, async (policy) => {
        const suggestion = await suggest(
          {
            document: {
              uri: `file://${path.resolve(options.file)}`,
              path: file,
              repository,
              languageId: languageOf(file),
              text,
              offset: cursorOffset(text, options),
            },
            trigger: 'invoked',
            settings: defaultSettings,
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
        if (options.json) print(JSON.stringify(suggestion));
        else for (const candidate of suggestion.candidates) print(formatCandidate(candidate));
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

function formatCandidate(candidate: ScoredCandidate): string {
  const score = candidate.score.toFixed(3).padStart(6);
  return `${score}  ${candidate.source.padEnd(7)}  ${JSON.stringify(candidate.text)}`;
}
