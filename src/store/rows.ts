/**
 * Rows as events: what `insertEvent.ts` wrote is read back equal, except that lone surrogates become
 * U+FFFD, because SQLite keeps text as UTF-8. A suggestion with a damaged row is left out.
 */
import type {
  Candidate,
  CandidateSource,
  Exploration,
  Outcome,
  RegionState,
  ScoredCandidate,
  StoredSuggestion,
  Suggestion,
  Trigger,
} from '../types';
import type { Connection } from './database';
import { aspectsFrom, snippetsFrom, tokenIdsFrom, UnreadableRow } from './rowJson';

function floatsFromBlob(blob: Buffer): number[] {
  return Array.from({ length: blob.length >> 2 }, (_, index) => blob.readFloatLE(4 * index));
}

interface SuggestionRow {
  readonly id: string;
  readonly time_ms: number;
  readonly document_uri: string;
  readonly offset_utf16: number;
  readonly trigger: Trigger;
  readonly repository: string;
  readonly path: string;
  readonly language_id: string;
  readonly prefix: string;
  readonly suffix: string;
  readonly multiline: number;
  readonly shown_index: number | null;
  readonly propensity: number;
  readonly policy_version: string;
  readonly reward_version: string;
  readonly context_ms: number;
  readonly copy_ms: number;
  readonly queue_ms: number;
  readonly prefill_ms: number;
  readonly decode_ms: number;
  readonly total_ms: number;
  readonly snippets_json: string;
  readonly exploration: Exploration;
  readonly state_blob: Buffer | null;
  readonly closers: string;
}

interface CandidateRow {
  readonly suggestion_id: string;
  readonly text: string;
  readonly token_ids_json: string;
  readonly log_prob_nats: number | null;
  readonly source: CandidateSource;
  readonly propensity: number;
  readonly score: number | null;
  readonly copy_run_length_utf16: number | null;
  readonly copy_votes: number | null;
  readonly copy_places: number | null;
  readonly copy_same_file: number | null;
  readonly first_token_log_prob_nats: number | null;
  readonly entropy_nats: number | null;
  readonly copy_own_votes: number | null;
  readonly copy_recency: number | null;
  readonly copy_same_symbol: number | null;
}

interface FactRow {
  readonly suggestion_id: string;
  readonly time_ms: number;
}
const factTables = ['showings', 'outcomes', 'survivals', 'settled_texts', 'ratings'] as const;
type ShowingRow = FactRow & { readonly candidate_index: number };
type OutcomeRow = FactRow & {
  readonly outcome: Outcome;
  readonly candidate_index: number;
  readonly taken_length_utf16: number;
  readonly visible_ms: number;
};
type SurvivalRow = FactRow & {
  readonly after_seconds: number;
  readonly survival: number;
  readonly state: RegionState;
};
type SettledRow = FactRow & { readonly text: string };
type RatingRow = FactRow & {
  readonly thumb: 'up' | 'down' | null;
  readonly aspects_json: string;
  readonly comment: string;
};

export interface PageRequest {
  /** Inclusive, milliseconds since the epoch. */
  readonly fromMs: number;
  /** Inclusive. */
  readonly untilMs: number;
  /** Facts later than this are left out. */
  readonly asOfMs: number;
  /** Only of documents whose address begins with one of these; all where there are none. */
  readonly documents: readonly string[];
  /** Only suggestions that come after this one. */
  readonly after: { readonly timeMs: number; readonly id: string } | undefined;
  readonly limit: number;
}

/** Of suggestions, by the start of their document's address; its parameter is `documentsParameter`. */
export const ofDocuments = `EXISTS (SELECT 1 FROM json_each(?)
  WHERE substr(document_uri, 1, length(value)) = value)`;

export function documentsParameter(documents: readonly string[]): string {
  return JSON.stringify(documents.length === 0 ? [''] : documents);
}

export interface Page {
  readonly suggestions: readonly StoredSuggestion[];
  /** Suggestions whose rows are damaged, which are left out. */
  readonly unreadable: number;
  /** Where the next page begins; undefined after the last one. */
  readonly next: PageRequest['after'];
}

/** Suggestions by time, oldest first, each with all its facts. */
export async function readPage(connection: Connection, page: PageRequest): Promise<Page> {
  const rows = await connection.all<SuggestionRow>(
    `SELECT * FROM suggestions
     WHERE time_ms BETWEEN ? AND ? AND (time_ms, id) > (?, ?) AND ${ofDocuments}
     ORDER BY time_ms, id LIMIT ?`,
    // SQLite seeks by the first condition alone: from the start it would pass all earlier pages again.
    Math.max(page.fromMs, page.after?.timeMs ?? Number.MIN_SAFE_INTEGER),
    page.untilMs,
    page.after?.timeMs ?? Number.MIN_SAFE_INTEGER,
    page.after?.id ?? '',
    documentsParameter(page.documents),
    page.limit,
  );
  const suggestions = await withFacts(connection, rows, page.asOfMs);
  // A page that is full goes on after its last row, also where that row cannot be read.
  const last = rows.length < page.limit ? undefined : rows.at(-1);
  return {
    suggestions,
    unreadable: rows.length - suggestions.length,
    next: last && { timeMs: last.time_ms, id: last.id },
  };
}

/**
 * Everything of a range, oldest first; `read` is asked for one page after the other. What cannot be
 * read is left out, and its number told once at the end, if there is any.
 */
export async function* readPages(
  range: Omit<PageRequest, 'after' | 'limit'>,
  limit: number,
  read: (request: PageRequest) => Promise<Page>,
  onUnreadable: (suggestions: number) => void,
): AsyncGenerator<StoredSuggestion> {
  let after: PageRequest['after'];
  let unreadable = 0;
  do {
    const page = await read({ ...range, after, limit });
    yield* page.suggestions;
    unreadable += page.unreadable;
    after = page.next;
  } while (after !== undefined);
  if (unreadable > 0) onUnreadable(unreadable);
}

/** For the user: that so many suggestions of a database are left out. */
export function unreadableText(suggestions: number): string {
  const [what, their] =
    suggestions === 1
      ? ['1 suggestion', 'its rows are']
      : [`${suggestions} suggestions`, 'their rows are'];
  return `${what} cannot be read, because ${their} damaged, and left out. The others are not touched by it.`;
}

/** The newest suggestion that was shown and can be read. */
export async function readLast(connection: Connection): Promise<StoredSuggestion | undefined> {
  for (let newer = 0; ; newer++) {
    const rows = await connection.all<SuggestionRow>(
      `SELECT * FROM suggestions WHERE shown_index IS NOT NULL
       ORDER BY time_ms DESC, id DESC LIMIT 1 OFFSET ?`,
      newer,
    );
    const [last] = await withFacts(connection, rows, Number.MAX_SAFE_INTEGER);
    if (last !== undefined || rows.length === 0) return last;
  }
}

/** When the newest suggestions were made, at most so many, the newest first. */
export async function newestTimes(connection: Connection, limit: number): Promise<number[]> {
  const rows = await connection.all<{ time_ms: number }>(
    'SELECT time_ms FROM suggestions ORDER BY time_ms DESC LIMIT ?',
    limit,
  );
  return rows.map(({ time_ms }) => time_ms);
}

/** Milliseconds since the epoch; 0 when nothing is stored. */
export async function newestTime(connection: Connection): Promise<number> {
  const tables = ['suggestions', ...factTables];
  const row = await connection.get<{ time_ms: number | null }>(
    `SELECT max(time_ms) AS time_ms FROM
       (${tables.map((table) => `SELECT max(time_ms) AS time_ms FROM ${table}`).join(' UNION ALL ')})`,
  );
  return row?.time_ms ?? 0;
}

async function withFacts(
  connection: Connection,
  rows: readonly SuggestionRow[],
  asOfMs: number,
): Promise<StoredSuggestion[]> {
  const ids = JSON.stringify(rows.map((row) => row.id));
  const factsFrom = <Row extends FactRow>(table: (typeof factTables)[number]) =>
    connection
      .all<Row>(
        `SELECT * FROM ${table}
         WHERE suggestion_id IN (SELECT value FROM json_each(?)) AND time_ms <= ? ORDER BY id`,
        ids,
        asOfMs,
      )
      .then(bySuggestion);
  const candidates = bySuggestion(
    await connection.all<CandidateRow>(
      `SELECT * FROM candidates WHERE suggestion_id IN (SELECT value FROM json_each(?))
       ORDER BY suggestion_id, candidate_index`,
      ids,
    ),
  );
  const showings = await factsFrom<ShowingRow>('showings');
  const outcomes = await factsFrom<OutcomeRow>('outcomes');
  const survivals = await factsFrom<SurvivalRow>('survivals');
  const settledTexts = await factsFrom<SettledRow>('settled_texts');
  const ratings = await factsFrom<RatingRow>('ratings');
  return readable(rows, (row) => {
    const settled = settledTexts(row.id).at(-1);
    const rating = ratings(row.id).at(-1);
    return {
      suggestion: suggestionFrom(row, candidates(row.id)),
      shown: showings(row.id).map((fact) => ({
        kind: 'shown',
        suggestionId: row.id,
        candidateIndex: fact.candidate_index,
        timeMs: fact.time_ms,
      })),
      outcomes: outcomes(row.id).map((fact) => ({
        kind: 'outcome',
        suggestionId: row.id,
        outcome: fact.outcome,
        candidateIndex: fact.candidate_index,
        takenLength: fact.taken_length_utf16,
        visibleMs: fact.visible_ms,
        timeMs: fact.time_ms,
      })),
      survival: survivals(row.id).map((fact) => ({
        kind: 'survival',
        suggestionId: row.id,
        afterSeconds: fact.after_seconds,
        survival: fact.survival,
        state: fact.state,
        timeMs: fact.time_ms,
      })),
      settled: settled && {
        kind: 'settled',
        suggestionId: row.id,
        text: settled.text,
        timeMs: settled.time_ms,
      },
      rating: rating && {
        kind: 'rating',
        suggestionId: row.id,
        thumb: rating.thumb,
        aspects: aspectsFrom(rating.aspects_json),
        comment: rating.comment,
        timeMs: rating.time_ms,
      },
    };
  });
}

/** Of each row what `read` makes of it, without those it cannot read. */
function readable(
  rows: readonly SuggestionRow[],
  read: (row: SuggestionRow) => StoredSuggestion,
): StoredSuggestion[] {
  return rows.flatMap((row) => {
    try {
      return [read(row)];
    } catch (error) {
      if (error instanceof UnreadableRow) return [];
      throw error;
    }
  });
}

function bySuggestion<Row extends { readonly suggestion_id: string }>(
  rows: readonly Row[],
): (id: string) => readonly Row[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.suggestion_id);
    if (group === undefined) groups.set(row.suggestion_id, [row]);
    else group.push(row);
  }
  return (id) => groups.get(id) ?? [];
}

function suggestionFrom(row: SuggestionRow, candidates: readonly CandidateRow[]): Suggestion {
  return {
    id: row.id,
    timeMs: row.time_ms,
    documentUri: row.document_uri,
    offset: row.offset_utf16,
    trigger: row.trigger,
    context: {
      repository: row.repository,
      path: row.path,
      languageId: row.language_id,
      snippets: snippetsFrom(row.snippets_json),
      prefix: row.prefix,
      suffix: row.suffix,
      ...(row.closers !== '' && { closers: row.closers }),
      multiline: row.multiline !== 0,
    },
    candidates: candidates.map(candidateFrom),
    shownIndex: row.shown_index,
    propensity: row.propensity,
    exploration: row.exploration,
    policyVersion: row.policy_version,
    rewardVersion: row.reward_version,
    latencyMs: {
      context: row.context_ms,
      copy: row.copy_ms,
      queue: row.queue_ms,
      prefill: row.prefill_ms,
      decode: row.decode_ms,
      total: row.total_ms,
    },
    ...(row.state_blob === null ? {} : { state: floatsFromBlob(row.state_blob) }),
  };
}

function candidateFrom(row: CandidateRow): ScoredCandidate {
  return {
    text: row.text,
    tokenIds: tokenIdsFrom(row.token_ids_json),
    logProb: row.log_prob_nats ?? NaN,
    source: row.source,
    propensity: row.propensity,
    score: row.score ?? NaN,
    ...(row.first_token_log_prob_nats === null
      ? {}
      : { firstLogProb: row.first_token_log_prob_nats }),
    ...(row.entropy_nats === null ? {} : { entropy: row.entropy_nats }),
    ...copyFrom(row),
  };
}

function copyFrom(row: CandidateRow): Pick<Candidate, 'copy'> {
  if (row.copy_run_length_utf16 === null) return {};
  return {
    copy: {
      runLength: row.copy_run_length_utf16,
      votes: row.copy_votes ?? 0,
      places: row.copy_places ?? 0,
      sameFile: row.copy_same_file === 1,
      ...(row.copy_own_votes === null ? {} : { ownVotes: row.copy_own_votes }),
      ...(row.copy_recency === null ? {} : { recency: row.copy_recency }),
      ...(row.copy_same_symbol === null ? {} : { sameSymbol: row.copy_same_symbol === 1 }),
    },
  };
}
