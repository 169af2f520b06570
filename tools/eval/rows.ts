/**
 * The rows of the ablation: which parts of the pipeline are on, and how one cut is asked with them.
 * It is the real `suggest()`, in this process. Latency is that of a suggestion while typing: the
 * text up to a few characters before the cursor has been read already, untimed. Rows that ask the
 * policy the very same thing share its answer, and its time.
 */
import { CopyIndex } from '../../src/completion/copyIndex';
import type { DocumentSnapshot } from '../../src/completion/context';
import type { LanguageList, LanguageServer } from '../../src/completion/languageList';
import {
  type NeighbourFile,
  NeighbourIndex,
  type Neighbours,
} from '../../src/completion/neighbours';
import type { Parser } from '../../src/completion/parser';
import { samplesOf, suggest } from '../../src/completion/suggest';
import { defaultSettings } from '../../src/contributions';
import type { GenerateRequest, GenerateResult, Policy, RewardModel } from '../../src/model/types';
import type { Clock, CompletionContext, Suggestion } from '../../src/types';
import { lineLeft } from '../../src/replay/fim';
import { type TypeScript, typeScriptServer } from '../../src/replay/typescriptServer';
import { languageOf } from '../../src/util/language';
import { seededRandom } from '../../src/util/random';
import type { Cut, SourceFile } from './cuts';
import { recentEdits, textsBetween } from './edits';
import type { PackageSources } from './packages';

export interface Row {
  readonly id: string;
  readonly title: string;
  /** `plain` is told nothing but the text of the file, and its last token is not healed. */
  readonly policy: 'none' | 'plain' | 'full';
  readonly neighbours: boolean;
  readonly edits: boolean;
  readonly copied: boolean;
  readonly imports: boolean;
  readonly languageServer: boolean;
  readonly parser: boolean;
  /** Sampled candidates beside the greedy one. */
  readonly samples: number;
  /** Whether the reward model that ships orders the candidates, in place of the fitted score. */
  readonly reward: boolean;
  /** Asked while typing, at the settings that ship; by hand and for one line where left out. */
  readonly atDefaults?: boolean;
}

const nothing = {
  neighbours: false,
  edits: false,
  copied: false,
  imports: false,
  languageServer: false,
  parser: false,
  samples: 0,
  reward: false,
} as const;
const header = { ...nothing, policy: 'full' } as const;
const neighbours = { ...header, neighbours: true } as const;
const edits = { ...neighbours, edits: true } as const;
const copied = { ...edits, copied: true } as const;
const imports = { ...copied, imports: true } as const;
const languageServer = { ...imports, languageServer: true } as const;
const syntax = { ...languageServer, parser: true } as const;
const sampled = { ...syntax, samples: samplesOf.automatic } as const;

/** In the order in which they are asked: prompts that begin alike stand together. */
export const rows: readonly Row[] = [
  { id: 'copiedAlone', title: 'copied alone', ...nothing, policy: 'none', copied: true },
  { id: 'modelAlone', title: 'model alone', ...nothing, policy: 'plain' },
  { id: 'header', title: '+ header and healing', ...header },
  { id: 'neighbours', title: '+ neighbours', ...neighbours },
  { id: 'edits', title: '+ recent edits', ...edits },
  { id: 'copied', title: '+ copied', ...copied },
  { id: 'imports', title: '+ missing imports', ...imports },
  { id: 'languageServer', title: '+ language server', ...languageServer },
  { id: 'syntax', title: '+ syntax', ...syntax },
  { id: 'sampled', title: '+ sampled', ...sampled },
  // What the product does on its first day.
  { id: 'reward', title: '+ reward model (as shipped)', ...sampled, reward: true },
];

/** What fitting asks: all candidates that may be compared. */
export const fitRow: Row = {
  id: 'fit',
  title: 'candidates to fit to',
  ...syntax,
  samples: samplesOf.invoked,
};

/** What everything is compared with: what either source does by itself. */
export const baselines = ['copiedAlone', 'modelAlone'] as const;
export const everythingRow = 'reward';

/** What workspaces share. */
export interface Equipment {
  readonly plain: Policy;
  readonly full: Policy;
  readonly parser: Parser;
  readonly reward: RewardModel;
  readonly typescript: TypeScript;
}

/** One package, open as a workspace. */
export class Workbench {
  readonly #sources: PackageSources;
  readonly #equipment: Equipment;
  readonly #clock = new PausableClock();
  readonly #policies: Readonly<Record<'plain' | 'full', RememberingPolicy>>;
  readonly #copyIndex = new CopyIndex();
  readonly #languageServer: LanguageServer;
  /** Without what was edited, and with it. */
  readonly #neighbours = new NeighbourIndex();
  readonly #edited = new NeighbourIndex();
  #open: { readonly cut: Cut; readonly restore: () => void } | undefined;

  constructor(sources: PackageSources, equipment: Equipment) {
    this.#sources = sources;
    this.#equipment = equipment;
    this.#policies = {
      plain: new RememberingPolicy(equipment.plain, this.#clock),
      full: new RememberingPolicy(equipment.full, this.#clock),
    };
    this.#languageServer = new RememberingServer(
      typeScriptServer(equipment.typescript, { files: sources.files }),
      this.#clock,
    );
    for (const file of sources.files) {
      this.#copyIndex.update(uriOf(file.path), languageOf(file.path), file.text);
      this.#neighbours.update(this.#neighbour(file));
      this.#edited.update(this.#neighbour(file));
    }
  }

  /** Asks at one cut; ask all rows of a cut before the next one. */
  async ask(cut: Cut, row: Row, signal: AbortSignal): Promise<Suggestion> {
    const { parser, reward } = this.#equipment;
    if (this.#open?.cut !== cut) {
      this.#open?.restore();
      this.#open = { cut, restore: this.#edit(cut) };
    }
    const index = row.edits ? this.#edited : this.#neighbours;
    const neighbours: Neighbours = row.imports
      ? index
      : {
          near: (document) => index.near(document),
          missingImports: () => [],
          mayImport: () => true,
          mayImportFrom: () => true,
        };
    // Loaded once, when a file of the language is opened.
    await parser.load(languageOf(cut.path));
    return suggest(
      {
        document: documentOf(cut, this.#sources.entry.name),
        trigger: row.atDefaults === true ? 'automatic' : 'invoked',
        settings:
          row.atDefaults === true ? defaultSettings : { ...defaultSettings, multiline: 'never' },
        policy: row.policy === 'none' ? undefined : this.#policies[row.policy],
        neighbours: row.neighbours ? neighbours : undefined,
        copyIndex: row.copied ? this.#copyIndex : undefined,
        languageServer: row.languageServer ? this.#languageServer : undefined,
        parser: row.parser ? parser : undefined,
        reward: row.reward ? reward : undefined,
        onPolicyError: (error) => {
          throw error;
        },
        clock: this.#clock,
        random: seededRandom(cut.offset),
        options: { samples: row.samples },
      },
      signal,
    );
  }

  /**
   * Lets the user come to the cut from edits nearby. The whole text of the file is known to nobody
   * then. Returns what undoes it.
   */
  #edit({ path, text, line }: Cut): () => void {
    const { files, hunks } = this.#sources;
    const edits = recentEdits(hunks, path, line);
    // The file of the cut comes last, as the one edited last.
    const others = files.filter((file) => edits.some((edit) => edit.path === file.path));
    const touched = [
      ...others.filter((file) => file.path !== path),
      ...files.filter((file) => file.path === path),
    ];
    // Removing a file also clears what was chosen while its text was another.
    const forget = (): void => {
      for (const file of touched) {
        this.#neighbours.remove(uriOf(file.path));
        this.#edited.remove(uriOf(file.path));
      }
    };
    forget();
    for (const file of touched) {
      const now = { path: file.path, text: file.path === path ? text : file.text };
      this.#neighbours.update(this.#neighbour(now));
      const [first = now.text, ...later] = textsBetween(
        now.text,
        edits.filter((edit) => edit.path === file.path),
      );
      this.#edited.update(this.#neighbour({ ...now, text: first }));
      for (const next of later) {
        this.#edited.noteEdit(uriOf(file.path));
        this.#edited.update(this.#neighbour({ ...now, text: next }));
      }
    }
    return () => {
      forget();
      for (const file of touched) {
        this.#neighbours.update(this.#neighbour(file));
        this.#edited.update(this.#neighbour(file));
      }
    };
  }

  #neighbour({ path, text }: SourceFile): NeighbourFile {
    const repository = this.#sources.entry.name;
    return { uri: uriOf(path), path, repository, languageId: languageOf(path), text };
  }
}

/** A clock that can stand still, and be put forward. */
class PausableClock implements Clock {
  #offMs = 0;

  now(): number {
    return performance.now() - this.#offMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  }

  forward(ms: number): void {
    this.#offMs -= ms;
  }

  async whilePaused<T>(work: () => Promise<T>): Promise<T> {
    const startMs = performance.now();
    try {
      return await work();
    } finally {
      this.#offMs += performance.now() - startMs;
    }
  }
}

/** Keystrokes whose text is read with the suggestion; the text before has been read earlier. */
const typedCharacters = 4;
/** Questions remembered: those of the rows of one cut. */
const remembered = 16;

/** Answers a question that it has answered before from memory, in the time that it took then. */
class Memory<T> {
  readonly #answers = new Map<string, { readonly answer: T; readonly ms: number }>();

  constructor(private readonly clock: PausableClock) {}

  /** @param prepare what is done before, untimed */
  async recall(
    question: unknown,
    prepare: () => Promise<unknown>,
    answer: () => Promise<T>,
  ): Promise<T> {
    const key = JSON.stringify(question);
    const known = this.#answers.get(key);
    if (known !== undefined) {
      this.clock.forward(known.ms);
      return known.answer;
    }
    await this.clock.whilePaused(prepare);
    const startMs = performance.now();
    const fresh = await answer();
    this.#answers.set(key, { answer: fresh, ms: performance.now() - startMs });
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= remembered) break;
      this.#answers.delete(oldest);
    }
    return fresh;
  }
}

class RememberingPolicy implements Policy {
  readonly #memory: Memory<GenerateResult>;

  constructor(
    private readonly inner: Policy,
    private readonly clock: PausableClock,
  ) {
    this.#memory = new Memory(clock);
  }

  get version(): string {
    return this.inner.version;
  }

  generate(request: GenerateRequest, signal: AbortSignal): Promise<GenerateResult> {
    const { context } = request;
    const earlier = { ...context, prefix: context.prefix.slice(0, -typedCharacters) };
    return this.#memory.recall(
      request,
      () => this.inner.warm(earlier, signal),
      () => this.inner.generate(request, signal),
    );
  }

  /** Untimed, since the text has been read before. */
  warm(context: CompletionContext, signal: AbortSignal): Promise<void> {
    return this.clock.whilePaused(() => this.inner.warm(context, signal));
  }
}

/** A language server that had the file open a few keystrokes ago. */
class RememberingServer implements LanguageServer {
  readonly #memory: Memory<LanguageList | undefined>;

  constructor(
    private readonly inner: LanguageServer,
    clock: PausableClock,
  ) {
    this.#memory = new Memory(clock);
  }

  list(document: DocumentSnapshot, signal: AbortSignal): Promise<LanguageList | undefined> {
    const { text, offset } = document;
    const before = Math.max(0, offset - typedCharacters);
    const earlier = {
      ...document,
      text: text.slice(0, before) + text.slice(offset),
      offset: before,
    };
    return this.#memory.recall(
      document,
      () => this.inner.list(earlier, signal),
      () => this.inner.list(document, signal),
    );
  }
}

function uriOf(path: string): string {
  return `file:///${path}`;
}

/** What stands from the cursor to the end of its line when `text` is accepted at a cut. */
export function leftBy(cut: Cut, text: string): string {
  return lineLeft(documentOf(cut, ''), text);
}

function documentOf({ path, text, offset }: Cut, repository: string): DocumentSnapshot {
  return { uri: uriOf(path), path, repository, languageId: languageOf(path), text, offset };
}
