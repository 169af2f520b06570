/**
 * What Hone stored, read by the tests straight from its database while the extension writes it. It
 * only reads, with a connection that lives for one question, and knows the tables by their columns.
 */
import * as path from 'node:path';
import sqlite3 from 'sqlite3';
import { globSync } from 'tinyglobby';
import type { Outcome, RegionState } from '../../src/types';
import { poll } from './workbench';

export interface StoredSuggestion {
  readonly id: string;
  readonly path: string;
  /** When it was made. */
  readonly timeMs: number;
  /** `none` where text was copied before any policy was asked. */
  readonly policyVersion: string;
  /** What ordered the candidates and decided whether to show one. */
  readonly rewardVersion: string;
  /** How long it took to make. */
  readonly totalMs: number;
  /** What the policy was told of other files, as JSON. */
  readonly snippetsJson: string;
  /** The candidate shown first, null where Hone stayed silent. */
  readonly text: string | null;
  /** The texts of all candidates, as JSON. */
  readonly candidatesJson: string;
  /** The latest outcome. */
  readonly outcome: Outcome | null;
  readonly outcomeMs: number | null;
  /** The candidate it is about, which cycling may have changed. */
  readonly outcomeIndex: number | null;
  readonly outcomeText: string | null;
  readonly takenLength: number | null;
  readonly visibleMs: number | null;
  /** The earliest measurement. */
  readonly survival: number | null;
  readonly state: RegionState | null;
  readonly settledText: string | null;
  readonly thumb: 'up' | 'down' | null;
  readonly comment: string | null;
}

const query = `
  SELECT s.id, s.path, s.time_ms AS timeMs, s.policy_version AS policyVersion,
    s.reward_version AS rewardVersion, s.total_ms AS totalMs,
    s.snippets_json AS snippetsJson, c.text,
    (SELECT json_group_array(text) FROM candidates WHERE suggestion_id = s.id) AS candidatesJson,
    o.outcome, o.time_ms AS outcomeMs,
    o.candidate_index AS outcomeIndex, oc.text AS outcomeText,
    o.taken_length_utf16 AS takenLength, o.visible_ms AS visibleMs,
    v.survival, v.state, t.text AS settledText,
    (SELECT max(thumb) FROM ratings WHERE suggestion_id = s.id) AS thumb,
    (SELECT max(comment) FROM ratings WHERE suggestion_id = s.id) AS comment
  FROM suggestions s
  LEFT JOIN candidates c ON c.suggestion_id = s.id AND c.candidate_index = s.shown_index
  LEFT JOIN outcomes o ON o.id =
    (SELECT max(id) FROM outcomes WHERE suggestion_id = s.id)
  LEFT JOIN candidates oc
    ON oc.suggestion_id = s.id AND oc.candidate_index = o.candidate_index
  LEFT JOIN survivals v ON v.id =
    (SELECT min(id) FROM survivals WHERE suggestion_id = s.id)
  LEFT JOIN settled_texts t ON t.id =
    (SELECT max(id) FROM settled_texts WHERE suggestion_id = s.id)
  WHERE s.path = ?
  ORDER BY s.time_ms, s.id`;

/** The feedback database in a server's data folder. */
export class Feedback {
  constructor(private readonly dataDir: string) {}

  /** Every suggestion made in a file, oldest first. */
  of(file: string): Promise<StoredSuggestion[]> {
    return this.read<StoredSuggestion>(query, file);
  }

  /** Waits for a suggestion in that file that is as wanted. */
  async wait(
    file: string,
    isWanted: (suggestion: StoredSuggestion) => boolean,
    timeoutMs?: number,
  ): Promise<StoredSuggestion> {
    let rows: StoredSuggestion[] = [];
    try {
      return await poll(
        `feedback on ${file}`,
        async () => {
          rows = await this.of(file);
          return rows.find(isWanted);
        },
        timeoutMs,
      );
    } catch (error) {
      throw new Error(`Not among the rows of ${file}: ${JSON.stringify(rows, null, 1)}`, {
        cause: error,
      });
    }
  }

  async quickCheck(): Promise<string | undefined> {
    const rows = await this.read<{ quick_check: string }>('PRAGMA quick_check');
    return rows[0]?.quick_check;
  }

  private read<Row>(sql: string, ...params: readonly string[]): Promise<Row[]> {
    const storage = path.join(this.dataDir, 'user/User/globalStorage/hone.hone');
    const [file] = globSync('**/*.{db,sqlite}', { cwd: storage, absolute: true });
    if (!file) return Promise.reject(new Error(`No database under ${storage} yet.`));
    return new Promise((resolve, reject) => {
      const database = new sqlite3.Database(file, sqlite3.OPEN_READONLY, (problem) => {
        if (problem) reject(problem);
      });
      database.all<Row>(sql, params, (problem, rows) => {
        database.close();
        if (problem) reject(problem);
        else resolve(rows);
      });
    });
  }
}
