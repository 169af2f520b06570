/**
 * The one database of everything that was suggested and what became of it. Keeps facts as they
 * happened and never a label, and nothing that `secrets.ts` takes for a secret. Several windows
 * share the file: each event is one short transaction, and what cannot be written waits in memory.
 */
import type { Clock, FeedbackEvent, Logger, Outcome, StoredSuggestion } from '../types';
import { systemClock } from '../util/clock';
import { judgedOutcomes } from '../feedback/label';
import type { Connection, Database } from './database';
import { StoreError, type StoreErrorCode } from './errors';
import { insertEvent } from './insertEvent';
import { inodeOf, noInode, openDatabase, openForEditor } from './opening';
import {
  oldestKeptMs,
  pruneOldest,
  reclaim,
  removeSetAside,
  type RetentionLimits,
  usedBytes,
} from './retention';
import {
  documentsParameter,
  newestTime,
  newestTimes,
  ofDocuments,
  type PageRequest,
  readLast,
  readPage,
  readPages,
  unreadableText,
} from './rows';
import { checkNotNewer } from './schema';
import { maskEvent } from './secrets';

export type { RetentionLimits } from './retention';

export interface SuggestionRange {
  /** Inclusive, milliseconds since the epoch. */
  readonly fromMs?: number;
  /** Inclusive, milliseconds since the epoch. */
  readonly untilMs?: number;
  /** Facts that happened later than this are left out, so that a reading can be repeated. */
  readonly asOfMs?: number;
  /** Only of documents whose address begins with one of these; all where there are none. */
  readonly documents?: readonly string[];
}

export interface StoreCounts {
  readonly suggestions: number;
  /** By the outcome that holds, of the suggestions that have one. */
  readonly byOutcome: Readonly<Partial<Record<Outcome, number>>>;
  readonly byLanguage: Readonly<Record<string, number>>;
  /** Local calendar day, `YYYY-MM-DD`, to the suggestions made on it. */
  readonly byDay: Readonly<Record<string, number>>;
  /** Time of the latest fact, milliseconds since the epoch; 0 when there is none. */
  readonly newestMs: number;
  /** Bytes in use, whatever the size of the file. */
  readonly usedBytes: number;
}

export interface FeedbackStore {
  readonly file: string;
  /**
   * Resolves when the event is committed. While the database cannot be written the event waits in
   * memory and is tried again; it rejects with a StoreError only when it is given up for good. An
   * event of a suggestion that is not stored (any more) is dropped, and resolves.
   */
  record(event: FeedbackEvent): Promise<void>;
  /** The newest suggestion that was shown. */
  lastSuggestion(): Promise<StoredSuggestion | undefined>;
  /** The newest `limit` of them, oldest first. */
  newest(limit: number): AsyncIterable<StoredSuggestion>;
  /** Oldest first, without those whose rows are damaged; `onUnreadable` hears how many, if any. */
  suggestions(
    range?: SuggestionRange,
    onUnreadable?: (suggestions: number) => void,
  ): AsyncIterable<StoredSuggestion>;
  counts(): Promise<StoreCounts>;
  /** How many suggestions a range holds. */
  countOf(range: Omit<SuggestionRange, 'asOfMs'>): Promise<number>;
  /**
   * Suggestions that the user judged after that time, by what became of them or in words; where
   * `documents` is given, only of documents whose address begins so.
   */
  judgedSince(timeMs: number, documents?: string): Promise<number>;
  /** Deletes for good, pages overwritten; resolves to the number of suggestions removed. */
  deleteSuggestion(id: string): Promise<number>;
  deleteRange(range: Omit<SuggestionRange, 'asOfMs'>): Promise<number>;
  /** Damaged files that were set aside go too. */
  deleteAll(): Promise<number>;
  /** Removes what is too old or too much, oldest first; resolves to the suggestions removed. */
  prune(limits: RetentionLimits): Promise<number>;
  /** Moves the write-ahead log into the file, so that a copy of the file alone is complete. */
  checkpoint(): Promise<void>;
  /** Tries once more to write what waits in memory, then closes. */
  close(): Promise<void>;
}

export interface FeedbackStoreOptions {
  readonly logger: Logger;
  /** Told once for each new trouble, with a message made for the user. */
  readonly onProblem?: (problem: StoreError) => void;
  readonly clock?: Clock;
}

/** Events that wait in memory while nothing can be written; beyond it the oldest are given up. */
export const maxWaitingEvents = 2_000;

const firstRetryMs = 1_000;
const longestRetryMs = 60_000;
const rowsPerPage = 100;

/**
 * For the editor: always resolves. A damaged file is set aside and a new one begun; where nothing
 * can be written, or the file is from a newer Hone, events wait in bounded memory and `onProblem`
 * says so.
 */
export async function openFeedbackStore(
  file: string,
  options: FeedbackStoreOptions,
): Promise<FeedbackStore> {
  const clock = options.clock ?? systemClock;
  const store = new SqliteFeedbackStore(file, options, clock, (damagedInode) =>
    openForEditor(file, { clock, damagedInode, onProblem: (problem) => store.report(problem) }),
  );
  await store.connect().catch((error: unknown) => store.report(error));
  return store;
}

/** For the command line: rejects with a StoreError rather than create or set aside anything. */
export async function openExistingStore(
  file: string,
  options: FeedbackStoreOptions,
): Promise<FeedbackStore> {
  const clock = options.clock ?? systemClock;
  const store = new SqliteFeedbackStore(file, options, clock, () => openDatabase(file, 'existing'));
  await store.connect();
  return store;
}

interface WaitingEvent {
  readonly event: FeedbackEvent;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

class SqliteFeedbackStore implements FeedbackStore {
  readonly file: string;
  readonly #options: FeedbackStoreOptions;
  readonly #clock: Clock;
  readonly #open: (damagedInode: bigint) => Promise<Database>;
  readonly #waiting: WaitingEvent[] = [];

  #connecting: Promise<Database> | undefined;
  /** The file that is open, to notice when it is moved or deleted under us. */
  #inode = noInode;
  /** A file that showed damage while it was written, whatever `quick_check` says. */
  #damagedInode = noInode;
  #draining: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  #retryMs = firstRetryMs;
  #trouble: StoreErrorCode | undefined;
  #isClosed = false;

  constructor(
    file: string,
    options: FeedbackStoreOptions,
    clock: Clock,
    open: (damagedInode: bigint) => Promise<Database>,
  ) {
    this.file = file;
    this.#options = options;
    this.#clock = clock;
    this.#open = open;
  }

  record(event: FeedbackEvent): Promise<void> {
    if (this.#isClosed) return Promise.reject(closedError(this.file));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event, resolve, reject });
      if (this.#waiting.length > maxWaitingEvents) {
        this.#waiting
          .shift()
          ?.reject(
            new StoreError(
              'full',
              `More than ${maxWaitingEvents} events wait to be written to ${this.file}; the oldest is given up.`,
            ),
          );
      }
      if (this.#cancelRetry === undefined) void this.#drain();
    });
  }

  lastSuggestion(): Promise<StoredSuggestion | undefined> {
    return this.#read(readLast);
  }

  async *newest(limit: number): AsyncGenerator<StoredSuggestion> {
    const times = await this.#read((connection) => newestTimes(connection, limit));
    yield* this.suggestions({ fromMs: times[limit - 1] ?? 0 });
  }

  suggestions(
    range: SuggestionRange = {},
    onUnreadable?: (suggestions: number) => void,
  ): AsyncGenerator<StoredSuggestion> {
    const whole = {
      fromMs: range.fromMs ?? 0,
      untilMs: range.untilMs ?? Number.MAX_SAFE_INTEGER,
      asOfMs: range.asOfMs ?? Number.MAX_SAFE_INTEGER,
      documents: range.documents ?? [],
    };
    const read = (request: PageRequest) =>
      this.#read((connection) => readPage(connection, request));
    return readPages(whole, rowsPerPage, read, (unreadable) => {
      this.#options.logger.warn('store', `${this.file}: ${unreadableText(unreadable)}`);
      onUnreadable?.(unreadable);
    });
  }

  counts(): Promise<StoreCounts> {
    return this.#read(async (connection) => {
      const count = async (sql: string) => {
        const rows = await connection.all<{ key: string; n: number }>(sql);
        return Object.fromEntries(rows.map(({ key, n }) => [key, n]));
      };
      const total = await count(`SELECT 'all' AS key, count(*) AS n FROM suggestions`);
      return {
        suggestions: total['all'] ?? 0,
        byOutcome: await count(
          `SELECT outcome AS key, count(*) AS n FROM outcomes
           WHERE id IN (SELECT max(id) FROM outcomes GROUP BY suggestion_id) GROUP BY outcome`,
        ),
        byLanguage: await count(
          'SELECT language_id AS key, count(*) AS n FROM suggestions GROUP BY language_id',
        ),
        byDay: await count(
          `SELECT strftime('%Y-%m-%d', time_ms / 1000, 'unixepoch', 'localtime') AS key,
                  count(*) AS n FROM suggestions GROUP BY key`,
        ),
        newestMs: await newestTime(connection),
        usedBytes: await usedBytes(connection),
      };
    });
  }

  judgedSince(timeMs: number, documents = ''): Promise<number> {
    return this.#read(async (connection) => {
      const row = await connection.get<{ n: number }>(
        `SELECT count(*) AS n FROM suggestions WHERE id IN (
           SELECT suggestion_id FROM outcomes WHERE time_ms > ?
             AND outcome IN (${judgedOutcomes.map((outcome) => `'${outcome}'`).join(', ')})
           UNION SELECT suggestion_id FROM ratings WHERE time_ms > ?
         ) AND ${ofDocuments}`,
        timeMs,
        timeMs,
        documentsParameter([documents]),
      );
      return row?.n ?? 0;
    });
  }

  deleteSuggestion(id: string): Promise<number> {
    return this.#delete('DELETE FROM suggestions WHERE id = ?', id);
  }

  countOf(range: SuggestionRange): Promise<number> {
    return this.#read(async (connection) => {
      const sql = `SELECT count(*) AS n FROM suggestions WHERE ${inRange}`;
      const row = await connection.get<{ n: number }>(sql, ...rangeParameters(range));
      return row?.n ?? 0;
    });
  }

  deleteRange(range: SuggestionRange): Promise<number> {
    return this.#delete(`DELETE FROM suggestions WHERE ${inRange}`, ...rangeParameters(range));
  }

  async deleteAll(): Promise<number> {
    const removed = await this.#delete('DELETE FROM suggestions');
    await removeSetAside(this.file, Infinity);
    return removed;
  }

  async prune(limits: RetentionLimits): Promise<number> {
    const now = this.#clock.now();
    const removed = await pruneOldest(await this.#ready(), limits, now);
    await removeSetAside(this.file, oldestKeptMs(limits, now));
    return removed;
  }

  async checkpoint(): Promise<void> {
    await this.#settleWrites();
    await this.#read((connection) => connection.exec('PRAGMA wal_checkpoint(TRUNCATE)'));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#settleWrites();
    for (const { reject } of this.#waiting.splice(0)) reject(closedError(this.file));
    await this.#disconnect();
  }

  /** Opens the database unless it is open; rejects with a StoreError. */
  connect(): Promise<Database> {
    this.#connecting ??= this.#open(this.#damagedInode).then(
      async (database) => {
        this.#inode = await inodeOf(this.file);
        return database;
      },
      (error: unknown) => {
        this.#connecting = undefined;
        throw error;
      },
    );
    return this.#connecting;
  }

  /** Tells the user once for each new trouble, and the log every time. */
  report(error: unknown): void {
    const problem =
      error instanceof StoreError
        ? error
        : new StoreError('failed', `Feedback cannot be stored: ${String(error)}`, { cause: error });
    this.#options.logger.warn('store', problem.message);
    if (this.#trouble === problem.code) return;
    this.#trouble = problem.code;
    this.#options.onProblem?.(problem);
  }

  async #delete(sql: string, ...params: readonly (string | number)[]): Promise<number> {
    const database = await this.#ready();
    const removed = await database.transaction((connection) => connection.run(sql, ...params));
    await reclaim(database);
    return removed;
  }

  async #read<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return (await this.#ready()).use(work);
  }

  #ready(): Promise<Database> {
    return this.#isClosed && this.#connecting === undefined
      ? Promise.reject(closedError(this.file))
      : this.connect();
  }

  async #settleWrites(): Promise<void> {
    await this.#draining;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    await this.#drain();
  }

  /** Writes what waits, in order; at work once at a time. */
  #drain(): Promise<void> {
    if (this.#waiting.length > 0) this.#draining ??= this.#writeAll();
    return this.#draining ?? Promise.resolve();
  }

  async #writeAll(): Promise<void> {
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      try {
        await this.#write(head.event);
        this.#remove(head);
        head.resolve();
        this.#retryMs = firstRetryMs;
        this.#trouble = undefined;
      } catch (error) {
        if (await this.#replaceIfDamaged(error)) continue;
        if (!isFaultOfEvent(error)) {
          await this.#recoverLater(error);
          break;
        }
        // Trying again would fail again and hold up all that come after.
        this.#remove(head);
        head.reject(error);
      }
    }
    // At once with the last look at the queue, or an event that comes in between would be stranded.
    this.#draining = undefined;
  }

  /** The oldest may have been given up for room while it was being written. */
  #remove(head: WaitingEvent): void {
    if (this.#waiting[0] === head) this.#waiting.shift();
  }

  async #write(event: FeedbackEvent): Promise<void> {
    const database = await this.#connectAnew();
    const place = event.kind === 'settled' ? await readPlace(database, event) : undefined;
    // Masked before the lock is taken, so that other windows need not wait for it.
    const masked = await maskEvent(event, place);
    const isStored = await database.transaction(async (connection) => {
      await checkNotNewer(connection, this.file);
      return insertEvent(connection, masked);
    });
    if (!isStored) {
      this.#options.logger.debug('store', `No suggestion for this event: ${event.kind}`);
    }
  }

  /** Like `connect`, but follows a file that was moved away, deleted or replaced. */
  async #connectAnew(): Promise<Database> {
    const database = await this.connect();
    if ((await inodeOf(this.file)) === this.#inode) return database;
    await this.#disconnect();
    return this.connect();
  }

  async #disconnect(): Promise<void> {
    const database = await this.#connecting?.catch(() => undefined);
    this.#connecting = undefined;
    this.#inode = noInode;
    await database?.close().catch((error: unknown) => this.report(error));
  }

  /** Resolves to true when a new file will be begun at once; only the first time, lest it go round. */
  async #replaceIfDamaged(error: unknown): Promise<boolean> {
    if (!(error instanceof StoreError) || error.code !== 'damaged') return false;
    if (this.#inode === noInode || this.#trouble !== undefined) return false;
    this.#damagedInode = this.#inode;
    await this.#disconnect();
    return true;
  }

  async #recoverLater(error: unknown): Promise<void> {
    this.report(error);
    const code = error instanceof StoreError ? error.code : 'failed';
    // A full disk or a held lock passes; after anything else the file is looked at afresh.
    if (code !== 'full' && code !== 'busy') await this.#disconnect();
    if (this.#isClosed) return;
    this.#cancelRetry = this.#clock.after(this.#retryMs, () => {
      this.#cancelRetry = undefined;
      void this.#drain();
    });
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }
}

const inRange = `time_ms BETWEEN ? AND ? AND ${ofDocuments}`;

function rangeParameters(range: SuggestionRange): (string | number)[] {
  const { fromMs = 0, untilMs = Number.MAX_SAFE_INTEGER, documents = [] } = range;
  return [fromMs, untilMs, documentsParameter(documents)];
}

/** Where a settled text stands, as it was stored. */
async function readPlace(database: Database, event: { readonly suggestionId: string }) {
  return database.use((connection) =>
    connection.get<{ prefix: string; suffix: string }>(
      'SELECT prefix, suffix FROM suggestions WHERE id = ?',
      event.suggestionId,
    ),
  );
}

function isFaultOfEvent(error: unknown): error is StoreError {
  return error instanceof StoreError && error.code === 'invalid';
}

function closedError(file: string): StoreError {
  return new StoreError('closed', `The feedback store ${file} is closed.`);
}
