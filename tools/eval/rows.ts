/**
 * The rows of the ablation: which parts of the pipeline are on, and how one cut is asked with them.
 * It is the real `suggest()`, in this process. Latency is that of a suggestion while typing: the
 * text up to a few characters before the cursor has been read already, untimed. Rows that ask the
 * policy the very same thing share its answer, and its time.
 */
import { CopyIndex } from '../../src/completion/copyIndex';
import type { Parser } from '../../src/completion/parser';
import { suggest } from '../../src/completion/suggest';
import { defaultSettings } from '../../src/contributions';
import type { Policy, GenerateRequest, GenerateResult } from '../../src/model/types';
import type { Clock, Suggestion } from '../../src/types';
import { languageOf } from '../../src/util/language';
import { seededRandom } from '../../src/util/random';
import type { Cut } from './cuts';
import type { PackageSources } from './packages';

export interface Row {
  readonly id: string;
  readonly title: string;
  /** `plain` is told nothing but the text of the file, and its last token is not healed. */
  readonly policy: 'none' | 'plain' | 'full';
  readonly neighbours: boolean;
  readonly edits: boolean;
  readonly copied: boolean;
  readonly languageServer: boolean;
  readonly parser: boolean;
}

const nothing = {
  neighbours: false,
  edits: false,
  copied: false,
  languageServer: false,
  parser: false,
} as const;
const header = { ...nothing, policy: 'full' } as const;
const neighbours = { ...header, neighbours: true } as const;
const edits = { ...neighbours, edits: true } as const;
const copied = { ...edits, copied: true } as const;
const languageServer = { ...copied, languageServer: true } as const;
const everything = { ...languageServer, parser: true } as const;

/** In the order in which they are asked: prompts that begin alike stand together. */
export const rows: readonly Row[] = [
  { id: 'copiedAlone', title: 'copied alone', ...nothing, policy: 'none', copied: true },
  { id: 'modelAlone', title: 'model alone', ...nothing, policy: 'plain' },
  { id: 'header', title: '+ header and healing', ...header },
  { id: 'neighbours', title: '+ neighbours', ...neighbours },
  { id: 'edits', title: '+ recent edits', ...edits },
  { id: 'copied', title: '+ copied', ...copied },
  { id: 'languageServer', title: '+ language server', ...languageServer },
  { id: 'syntax', title: '+ syntax', ...everything },
];

/** What everything is compared with: what either source does by itself. */
export const baselines = ['copiedAlone', 'modelAlone'] as const;
export const everythingRow = 'syntax';

/** What workspaces share. */
export interface Equipment {
  readonly plain: Policy;
  readonly full: Policy;
  readonly parser: Parser;
  /** Sampled candidates beside the greedy one. */
  readonly samples: number;
}

/** One package, open as a workspace. */
export class Workbench {
  readonly #sources: PackageSources;
  readonly #equipment: Equipment;
  readonly #clock = new PausableClock();
  readonly #policies: Readonly<Record<'plain' | 'full', RememberingPolicy>>;
  readonly #copyIndex = new CopyIndex();

  constructor(sources: PackageSources, equipment: Equipment) {
    this.#sources = sources;
    this.#equipment = equipment;
    this.#policies = {
      plain: new RememberingPolicy(equipment.plain, this.#clock),
      full: new RememberingPolicy(equipment.full, this.#clock),
    };
    for (const { path, text } of sources.files)
      this.#copyIndex.update(uriOf(path), languageOf(path), text);
  }

  /** Asks at one cut; ask all rows of a cut before the next one. */
  async ask(cut: Cut, row: Row, signal: AbortSignal): Promise<Suggestion> {
    const { parser, samples } = this.#equipment;
    // Loaded once, when a file of the language is opened.
    await parser.load(languageOf(cut.path));
    return suggest(
      {
        document: {
          uri: uriOf(cut.path),
          path: cut.path,
          repository: this.#sources.entry.name,
          languageId: languageOf(cut.path),
          text: cut.text,
          offset: cut.offset,
        },
        trigger: 'invoked',
        settings: { ...defaultSettings, multiline: 'never' },
        policy: row.policy === 'none' ? undefined : this.#policies[row.policy],
        copyIndex: row.copied ? this.#copyIndex : undefined,
        parser: row.parser ? parser : undefined,
        onPolicyError: (error) => {
          throw error;
        },
        clock: this.#clock,
        random: seededRandom(cut.offset),
        options: { samples },
      },
      signal,
    );
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
/** Requests remembered: those of the rows of one cut. */
const remembered = 16;

/** Answers a request that it has answered before from memory, in the time that it took then. */
class RememberingPolicy implements Policy {
  readonly #answers = new Map<string, { readonly result: GenerateResult; readonly ms: number }>();

  constructor(
    private readonly inner: Policy,
    private readonly clock: PausableClock,
  ) {}

  get version(): string {
    return this.inner.version;
  }

  async generate(request: GenerateRequest, signal: AbortSignal): Promise<GenerateResult> {
    const key = JSON.stringify(request);
    const known = this.#answers.get(key);
    if (known !== undefined) {
      this.clock.forward(known.ms);
      return known.result;
    }
    const { context } = request;
    const earlier = { ...context, prefix: context.prefix.slice(0, -typedCharacters) };
    await this.clock.whilePaused(() => this.warm(earlier, signal));
    const startMs = performance.now();
    const result = await this.inner.generate(request, signal);
    this.#answers.set(key, { result, ms: performance.now() - startMs });
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= remembered) break;
      this.#answers.delete(oldest);
    }
    return result;
  }

  warm(...args: Parameters<Policy['warm']>): Promise<void> {
    return this.inner.warm(...args);
  }
}

function uriOf(path: string): string {
  return `file:///${path}`;
}
