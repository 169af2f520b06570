/**
 * A promise over the callback driver, and the only file that calls it. Whoever wants the connection
 * gets it alone, for one transaction or one reading, so that statements of two callers never mix.
 * Knows nothing of what is stored. All work runs on the driver's own threads.
 */
import sqlite3 from 'sqlite3';
import { StoreError, type StoreErrorCode } from './errors';

/** A Buffer is a BLOB. */
export type SqlValue = string | number | Buffer | null;

/** Statements on a connection that is the caller's alone until the promise it works in settles. */
export interface Connection {
  /** Resolves to the number of rows changed. */
  run(sql: string, ...params: readonly SqlValue[]): Promise<number>;
  get<Row extends object>(sql: string, ...params: readonly SqlValue[]): Promise<Row | undefined>;
  all<Row extends object>(sql: string, ...params: readonly SqlValue[]): Promise<Row[]>;
  /** Several statements at once, without parameters. */
  exec(sql: string): Promise<void>;
}

export type OpenMode = 'readOnly' | 'existing' | 'create';

const openFlags = {
  readOnly: sqlite3.OPEN_READONLY,
  existing: sqlite3.OPEN_READWRITE,
  create: sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE,
} as const satisfies Record<OpenMode, number>;

/** How long a statement waits for another process before it fails, in milliseconds. */
export const busyTimeoutMs = 5_000;

export class Database {
  readonly file: string;
  readonly #driver: sqlite3.Database;
  readonly #prepared = new Map<string, sqlite3.Statement>();
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(file: string, driver: sqlite3.Database) {
    this.file = file;
    this.#driver = driver;
  }

  /** Opens `file`, or memory for `:memory:`; rejects with a StoreError. */
  static async open(file: string, mode: OpenMode): Promise<Database> {
    const driver = await new Promise<sqlite3.Database>((resolve, reject) => {
      const opened: sqlite3.Database = new sqlite3.Database(file, openFlags[mode], (error) =>
        error === null ? resolve(opened) : reject(storeErrorFrom(error, file)),
      );
    });
    driver.configure('busyTimeout', busyTimeoutMs);
    const database = new Database(file, driver);
    // The file may come from anywhere: nothing that its schema names is run, and pages are checked.
    await database.use((connection) =>
      connection.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON'),
    );
    return database;
  }

  /** All that `work` writes is committed when the promise resolves, or none of it is there. */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#alone(async () => {
      // IMMEDIATE takes the write lock at once, so no transaction is turned away halfway.
      await this.#connection.exec('BEGIN IMMEDIATE');
      try {
        const result = await work(this.#connection);
        await this.#connection.exec('COMMIT');
        return result;
      } catch (error) {
        // SQLite may have rolled back by itself, so that there is nothing left to undo.
        await this.#connection.exec('ROLLBACK').catch(() => undefined);
        throw error;
      }
    });
  }

  /** Statements outside any transaction: readings and pragmas. */
  use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#alone(() => work(this.#connection));
  }

  close(): Promise<void> {
    return this.#alone(async () => {
      for (const statement of this.#prepared.values()) statement.finalize();
      this.#prepared.clear();
      await new Promise<void>((resolve, reject) => {
        this.#driver.close((error) =>
          error === null ? resolve() : reject(storeErrorFrom(error, this.file)),
        );
      });
    });
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  readonly #connection: Connection = {
    run: async (sql, ...params) => {
      const statement = await this.#prepare(sql);
      return new Promise((resolve, reject) => {
        const { file } = this;
        statement.run([...params], function (error) {
          if (error === null) resolve(this.changes);
          else reject(storeErrorFrom(error, file));
        });
      });
    },
    get: (sql, ...params) => this.#first(sql, params),
    all: (sql, ...params) => this.#all(sql, params),
    exec: (sql) =>
      new Promise((resolve, reject) => {
        this.#driver.exec(sql, (error) =>
          error === null ? resolve() : reject(storeErrorFrom(error, this.file)),
        );
      }),
  };

  async #all<Row extends object>(sql: string, params: readonly SqlValue[]): Promise<Row[]> {
    const statement = await this.#prepare(sql);
    return new Promise<Row[]>((resolve, reject) => {
      statement.all<Row>([...params], (error, rows) =>
        error === null ? resolve(rows) : reject(storeErrorFrom(error, this.file)),
      );
    });
  }

  async #first<Row extends object>(
    sql: string,
    params: readonly SqlValue[],
  ): Promise<Row | undefined> {
    return (await this.#all<Row>(sql, params))[0];
  }

  async #prepare(sql: string): Promise<sqlite3.Statement> {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = await new Promise<sqlite3.Statement>((resolve, reject) => {
      const made: sqlite3.Statement = this.#driver.prepare(sql, (error) =>
        error === null ? resolve(made) : reject(storeErrorFrom(error, this.file)),
      );
    });
    this.#prepared.set(sql, statement);
    return statement;
  }
}

const codeByErrno: Readonly<Record<number, StoreErrorCode>> = {
  [sqlite3.CORRUPT]: 'damaged',
  [sqlite3.NOTADB]: 'damaged',
  [sqlite3.READONLY]: 'readOnly',
  [sqlite3.PERM]: 'readOnly',
  [sqlite3.CANTOPEN]: 'readOnly',
  [sqlite3.FULL]: 'full',
  [sqlite3.BUSY]: 'busy',
  [sqlite3.LOCKED]: 'busy',
  [sqlite3.CONSTRAINT]: 'invalid',
  [sqlite3.MISMATCH]: 'invalid',
  [sqlite3.TOOBIG]: 'invalid',
  [sqlite3.RANGE]: 'invalid',
};

const wordsByCode = {
  damaged: (file) => `The feedback database ${file} is damaged.`,
  readOnly: (file) =>
    `The feedback database ${file} cannot be written. Check the permissions of the file and its folder.`,
  full: (file) =>
    `The disk that holds the feedback database ${file} is full. Make some room on it.`,
  busy: (file) =>
    `Another program has held the feedback database ${file} for more than ${busyTimeoutMs / 1000} seconds.`,
} as const satisfies Partial<Record<StoreErrorCode, (file: string) => string>>;

function storeErrorFrom(error: Error, file: string): StoreError {
  const errno = 'errno' in error && typeof error.errno === 'number' ? error.errno : 0;
  // The low byte is the primary result code, the rest says more (SQLITE_IOERR_WRITE and so on).
  const code = codeByErrno[errno & 0xff] ?? 'failed';
  const words =
    code in wordsByCode ? wordsByCode[code as keyof typeof wordsByCode](file) : undefined;
  return new StoreError(
    code,
    words ?? `The feedback database ${file} could not be used (${error.message}).`,
    { cause: error },
  );
}
