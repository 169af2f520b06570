/**
 * A git history as commits in time order, each with the source files it changed: the texts before and
 * after. Follows the first parents, so that a merge is one change like any other; reads through the
 * `git` program, which is told to run nothing and to fetch nothing. Only files of known languages that
 * the product would read come out; whoever wrote them, and whether they were typed, is told, not judged.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isGenerated } from '../completion/generated';
import { FolderRules } from '../completion/sensitiveFiles';
import { unixLines } from '../completion/context';
import { gitArguments, gitEnvironment } from '../util/gitInvocation';
import { knownExtensions, languageOf } from '../util/language';
import type { WorkspaceFile } from './fim';
import { openVersions } from './versions';

/** What one commit did to one file. Line ends are `\n`. */
export interface FileChange {
  readonly path: string;
  /** Where the file stood before, if that was elsewhere. */
  readonly from?: string;
  /** Undefined for a file that is new. */
  readonly before: string | undefined;
  /** Undefined for a file that is gone. */
  readonly after: string | undefined;
}

export interface Commit {
  readonly id: string;
  readonly timeMs: number;
  readonly author: { readonly name: string; readonly email: string };
  /** In the order of their paths. */
  readonly changes: readonly FileChange[];
  /** Why nobody typed this; undefined for an ordinary commit. */
  readonly untyped: UntypedReason | undefined;
}

/**
 * `bulk`: more was changed at once than a person types (an import, a reformatting); `shallow`: the
 * history begins here, what was before is not known; `bot`: a program committed it.
 */
export type UntypedReason = 'bulk' | 'shallow' | 'bot';

export interface History {
  /** Name of the repository or the folder. */
  readonly name: string;
  /** Identity of the newest commit. */
  readonly head: string;
  /** Commits that will come. */
  readonly length: number;
  /** Addresses of their authors, one a commit. */
  readonly emails: readonly string[];
  /** The user's own, as git is told; '' where it is told none. */
  readonly ownEmail: string;
  /** The files as they were before the first commit. */
  readonly start: readonly WorkspaceFile[];
  /** The oldest first. May be walked once. */
  commits(): AsyncGenerator<Commit>;
  /** Ends what still runs. */
  dispose(): void;
}

export interface HistoryOptions {
  /** The newest commits that are walked, at most. */
  readonly commits: number;
  /** Globs, relative to the top, that are left out. */
  readonly exclude: readonly string[];
  /** What the policy is told that the repository is called; its folder's name if not said. */
  readonly name?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type HistoryErrorCode = 'noGit' | 'noRepository' | 'empty' | 'failed';

/** A history that cannot be read; the message says what to do. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError';

  constructor(
    readonly code: HistoryErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Larger files are data or generated more often than anything that a person writes. */
const maxFileBytes = 300_000;
/** Of the files before the first commit, what is read at most. */
const maxStartBytes = 24_000_000;
/** Nobody types more than this between two commits. */
const maxTypedFiles = 60;
const maxTypedBytes = 200_000;
/** What git lists of the commits, in bytes: some 400,000 changed files. */
const maxListBytes = 256 * 1024 * 1024;

/**
 * Opens a repository, bare or not, or a folder of released versions.
 * @throws HistoryError when it is neither, or has no commits.
 */
export async function openHistory(directory: string, options: HistoryOptions): Promise<History> {
  return (await openVersions(directory, options)) ?? (await openRepository(directory, options));
}

async function openRepository(directory: string, options: HistoryOptions): Promise<History> {
  const git = new Git(directory, options.signal);
  const head = await git.headOf();
  const gitDirectory = (await git.text('rev-parse', '--absolute-git-dir')).trim();
  const listed = parseLog(
    await git.text(
      ...['log', '-z', '--first-parent', '--diff-merges=first-parent', '--reverse', '--raw', '-r'],
      ...[
        '--no-abbrev',
        '--no-renames',
        '--root',
        '--no-ext-diff',
        `--max-count=${options.commits}`,
      ],
      ...[`--format=${commitMark}%H%x00%P%x00%ct%x00%ae%x00%an`, 'HEAD'],
    ),
  );
  const shallow = await shallowCommits(gitDirectory);
  const rules = new FolderRules(options.exclude);
  const isRead = (file: string): boolean =>
    hasKnownLanguage(file) && rules.verdict(file) === 'open' && !isGenerated(file, '');
  const blobs = new Blobs(git);
  const parent = listed[0]?.parents[0];
  const isKnown = parent !== undefined && (await blobs.sizeOf(parent)) !== undefined;
  const start = isKnown ? await filesOf(parent, git, blobs, isRead) : [];
  return {
    name: options.name ?? nameOf(gitDirectory),
    head,
    length: listed.length,
    emails: listed.map(({ author }) => author.email),
    ownEmail: await git.text('config', 'user.email').then(
      (text) => text.trim(),
      () => '',
    ),
    start,
    async *commits() {
      for (const commit of listed) {
        options.signal?.throwIfAborted();
        const read = commit.entries.filter((entry) => isRead(entry.path));
        const changes = await changesOf(read, blobs);
        yield {
          id: commit.id,
          timeMs: commit.timeMs,
          author: commit.author,
          changes: withRenames(changes),
          untyped: shallow.has(commit.id) ? 'shallow' : untypedReason(commit, changes),
        };
      }
    },
    dispose: () => blobs.dispose(),
  };
}

/** One commit as git lists it. */
interface ListedCommit {
  readonly id: string;
  readonly parents: readonly string[];
  readonly timeMs: number;
  readonly author: { readonly name: string; readonly email: string };
  readonly entries: readonly Entry[];
}

/** One changed path; a side is undefined where there is no ordinary file. */
interface Entry {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Stands before each commit; no path and no name begins with it. */
const commitMark = '\x01';

/** Reads `git log -z --raw`: fields and entries, each ended by NUL. */
function parseLog(log: string): ListedCommit[] {
  const commits: (ListedCommit & { readonly entries: Entry[] })[] = [];
  const fields = log.split('\0');
  for (let i = 0; i < fields.length; i++) {
    const field = (fields[i] ?? '').replace(/^\n/, '');
    if (field.startsWith(commitMark)) {
      const [parents = '', time = '0', email = '', name = ''] = fields.slice(i + 1, i + 5);
      commits.push({
        id: field.slice(commitMark.length),
        parents: parents === '' ? [] : parents.split(' '),
        timeMs: Number(time) * 1000,
        author: { name, email },
        entries: [],
      });
      i += 4;
    } else if (field.startsWith(':')) {
      const [beforeMode, afterMode, before, after] = field.slice(1).split(' ');
      commits.at(-1)?.entries.push({
        path: fields[++i] ?? '',
        before: isOrdinary(beforeMode) ? before : undefined,
        after: isOrdinary(afterMode) ? after : undefined,
      });
    }
  }
  return commits;
}

/** Neither a symbolic link nor a submodule, and not absent. */
function isOrdinary(mode: string | undefined): boolean {
  return mode === '100644' || mode === '100755';
}

async function changesOf(entries: readonly Entry[], blobs: Blobs): Promise<FileChange[]> {
  const changes: FileChange[] = [];
  for (const { path: file, before, after } of entries.slice(0, 20 * maxTypedFiles)) {
    const texts = [await blobs.textOf(before), await blobs.textOf(after)];
    // What cannot be read stands for nothing, and so does what no person wrote.
    const [old, now] = texts.map((text) =>
      text === undefined || isGenerated(file, text) ? undefined : text,
    );
    if (old !== now) changes.push({ path: file, before: old, after: now });
  }
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A new file that is mostly one which is gone was moved. */
export function withRenames(changes: readonly FileChange[]): FileChange[] {
  const gone = changes.filter(({ after }) => after === undefined);
  if (gone.length === 0) return [...changes];
  const moved = new Set<string>();
  const result = changes.map((change): FileChange => {
    if (change.before !== undefined || change.after === undefined) return change;
    const { after } = change;
    const source = gone.find(
      (old) => !moved.has(old.path) && alike(old.before ?? '', after) >= 0.5,
    );
    if (source === undefined) return change;
    moved.add(source.path);
    return { ...change, from: source.path, before: source.before };
  });
  return result.filter(({ path: file, after }) => after !== undefined || !moved.has(file));
}

/** Share, 0..1, of the lines of the longer text that stand in the other too. */
function alike(a: string, b: string): number {
  const linesOf = (text: string): string[] => text.split('\n').filter((line) => /\w/.test(line));
  const lines = linesOf(a);
  const others = linesOf(b);
  const known = new Set(lines);
  const common = others.filter((line) => known.has(line)).length;
  return common / Math.max(1, lines.length, others.length);
}

function untypedReason(
  { author, entries }: ListedCommit,
  changes: readonly FileChange[],
): UntypedReason | undefined {
  if (
    /\[bot\]|-bot\b|\bbot@|renovate|dependabot|github-actions/i.test(
      `${author.name} ${author.email}`,
    )
  )
    return 'bot';
  const bytes = changes.reduce((sum, { before, after }) => {
    const added = (after?.length ?? 0) - (before?.length ?? 0);
    return sum + (before === undefined ? (after?.length ?? 0) : Math.max(0, added));
  }, 0);
  const isBulk = entries.length > 20 * maxTypedFiles || changes.length > maxTypedFiles;
  return isBulk || bytes > maxTypedBytes ? 'bulk' : undefined;
}

async function filesOf(
  tree: string,
  git: Git,
  blobs: Blobs,
  isRead: (file: string) => boolean,
): Promise<WorkspaceFile[]> {
  const files: WorkspaceFile[] = [];
  let bytes = 0;
  for (const line of (await git.text('ls-tree', '-r', '-z', tree)).split('\0')) {
    const [, mode, id, file] = /^(\d+) \w+ (\w+)\t([^]+)$/.exec(line) ?? [];
    if (file === undefined || !isOrdinary(mode) || !isRead(file)) continue;
    const text = await blobs.textOf(id);
    if (text === undefined || isGenerated(file, text)) continue;
    bytes += text.length;
    if (bytes > maxStartBytes) break;
    files.push({ path: file, languageId: languageOf(file), text });
  }
  return files;
}

async function shallowCommits(gitDirectory: string): Promise<ReadonlySet<string>> {
  try {
    const text = await readFile(path.join(gitDirectory, 'shallow'), 'utf8');
    return new Set(text.split('\n').filter((line) => line !== ''));
  } catch {
    return new Set();
  }
}

/** The folder that holds `.git`, or a bare repository's own name. */
function nameOf(gitDirectory: string): string {
  const base = path.basename(gitDirectory);
  return base === '.git' ? path.basename(path.dirname(gitDirectory)) : base.replace(/\.git$/, '');
}

function hasKnownLanguage(file: string): boolean {
  const extension = path.extname(file).slice(1).toLowerCase();
  return knownExtensions.includes(extension);
}

/** Runs the `git` program in one repository. */
class Git {
  readonly #directory: string;
  readonly #signal: AbortSignal | undefined;

  constructor(directory: string, signal: AbortSignal | undefined) {
    this.#directory = directory;
    this.#signal = signal;
  }

  spawn(args: readonly string[]): ChildProcessWithoutNullStreams {
    return spawn('git', gitArguments(this.#directory, args), {
      env: gitEnvironment(process.env),
      windowsHide: true,
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
    });
  }

  async headOf(): Promise<string> {
    try {
      await this.text('rev-parse', '--git-dir');
    } catch (error) {
      if (isAborted(error) || (error instanceof HistoryError && error.code === 'noGit'))
        throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new HistoryError(
        'noRepository',
        `${this.#directory} is neither a git repository that can be read nor a folder of versions. ${reason}`,
        { cause: error },
      );
    }
    try {
      return (await this.text('rev-parse', '--verify', '--quiet', 'HEAD^{commit}')).trim();
    } catch (error) {
      if (isAborted(error)) throw error;
      throw new HistoryError('empty', `${this.#directory} has no commits yet.`, { cause: error });
    }
  }

  async text(...args: readonly string[]): Promise<string> {
    const child = this.spawn(args);
    child.stdin.end();
    const chunks: Buffer[] = [];
    const complaints: Buffer[] = [];
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxListBytes) chunks.push(chunk);
      else child.kill();
    });
    child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
    let code: unknown;
    try {
      [code] = (await once(child, 'close')) as unknown[];
    } catch (error) {
      throw startError(error);
    }
    if (bytes > maxListBytes) {
      throw new HistoryError(
        'failed',
        `The history of ${this.#directory} is too large to be listed at once. Take fewer commits.`,
      );
    }
    if (code !== 0) {
      const said = Buffer.concat(complaints).toString('utf8').trim();
      throw new HistoryError('failed', `git ${args[0]} ended with ${String(code)}: ${said}`);
    }
    return Buffer.concat(chunks).toString('utf8');
  }
}

function startError(error: unknown): unknown {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  if (!isMissing) return error;
  return new HistoryError(
    'noGit',
    'The git program was not found. Install git, or put it on the PATH.',
    { cause: error },
  );
}

function isAborted(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** Blobs of the repository by id, asked of two long-lived processes of git: sizes first. */
class Blobs {
  readonly #sizes: Answers;
  readonly #contents: Answers;

  constructor(git: Git) {
    this.#sizes = new Answers(git.spawn(['cat-file', '--batch-check']));
    this.#contents = new Answers(git.spawn(['cat-file', '--batch']));
  }

  /** Bytes of an object; undefined where it is not there, as in a partial clone. */
  async sizeOf(id: string): Promise<number | undefined> {
    const [, , size] = (await this.#sizes.ask(id)).split(' ');
    return size === undefined ? undefined : Number(size);
  }

  /** Undefined for what is absent, too large, or no text. */
  async textOf(id: string | undefined): Promise<string | undefined> {
    if (id === undefined) return undefined;
    const size = await this.sizeOf(id);
    if (size === undefined || size > maxFileBytes) return undefined;
    await this.#contents.ask(id);
    const bytes = await this.#contents.read(size);
    return bytes.includes(0) ? undefined : unixLines(bytes.toString('utf8'));
  }

  dispose(): void {
    this.#sizes.dispose();
    this.#contents.dispose();
  }
}

/** A process that answers each line with a line, and then perhaps some bytes. */
class Answers {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    // Its end is noticed by whoever reads.
    child.on('error', () => undefined);
    child.stdin.on('error', () => undefined);
    child.stderr.resume();
    this.#chunks = child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async ask(line: string): Promise<string> {
    this.#child.stdin.write(`${line}\n`);
    let end = this.#rest.indexOf(10);
    while (end < 0) {
      await this.#more();
      end = this.#rest.indexOf(10);
    }
    const answer = this.#rest.subarray(0, end).toString('utf8');
    this.#rest = this.#rest.subarray(end + 1);
    return answer.endsWith(' missing') ? '' : answer;
  }

  /** The bytes that follow the answer, and the line end behind them. */
  async read(length: number): Promise<Buffer> {
    while (this.#rest.length < length + 1) await this.#more();
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length + 1);
    return bytes;
  }

  async #more(): Promise<void> {
    const next = await this.#chunks.next();
    if (next.done === true) throw new HistoryError('failed', 'git ended before it had answered.');
    this.#rest = Buffer.concat([this.#rest, next.value]);
  }

  dispose(): void {
    this.#child.kill();
  }
}
