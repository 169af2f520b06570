/** Events as rows, and nothing else: no transactions, no retries, no masking. */
import type { FeedbackEvent, Suggestion } from '../types';
import type { Connection } from './database';

/** Resolves to false when the suggestion that the event belongs to is not stored. */
export async function insertEvent(connection: Connection, event: FeedbackEvent): Promise<boolean> {
  if (event.kind === 'suggestion') {
    await insertSuggestion(connection, event.suggestion);
    return true;
  }
  const known = await connection.get('SELECT 1 FROM suggestions WHERE id = ?', event.suggestionId);
  if (known === undefined) return false;
  switch (event.kind) {
    case 'shown':
      await connection.run(
        'INSERT INTO showings (suggestion_id, candidate_index, time_ms) VALUES (?, ?, ?)',
        event.suggestionId,
        event.candidateIndex,
        event.timeMs,
      );
      return true;
    case 'outcome':
      await connection.run(
        `INSERT INTO outcomes
           (suggestion_id, outcome, candidate_index, taken_length_utf16, visible_ms, time_ms)
         VALUES (?, ?, ?, ?, ?, ?)`,
        event.suggestionId,
        event.outcome,
        event.candidateIndex,
        event.takenLength,
        event.visibleMs,
        event.timeMs,
      );
      return true;
    case 'survival':
      await connection.run(
        `INSERT INTO survivals (suggestion_id, after_seconds, survival, state, time_ms)
         VALUES (?, ?, ?, ?, ?)`,
        event.suggestionId,
        event.afterSeconds,
        event.survival,
        event.state,
        event.timeMs,
      );
      return true;
    case 'settled':
      await connection.run(
        'INSERT INTO settled_texts (suggestion_id, text, time_ms) VALUES (?, ?, ?)',
        event.suggestionId,
        event.text,
        event.timeMs,
      );
      return true;
    case 'rating':
      await connection.run(
        `INSERT INTO ratings (suggestion_id, thumb, aspects_json, comment, time_ms)
         VALUES (?, ?, ?, ?, ?)`,
        event.suggestionId,
        event.thumb,
        JSON.stringify(event.aspects),
        event.comment,
        event.timeMs,
      );
      return true;
  }
}

async function insertSuggestion(connection: Connection, suggestion: Suggestion): Promise<void> {
  const { context, latencyMs } = suggestion;
  // A commit whose answer was lost is tried again, so the same suggestion may come twice.
  const inserted = await connection.run(
    `INSERT INTO suggestions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO NOTHING`,
    suggestion.id,
    suggestion.timeMs,
    suggestion.documentUri,
    suggestion.offset,
    suggestion.trigger,
    context.repository,
    context.path,
    context.languageId,
    context.prefix,
    context.suffix,
    Number(context.multiline),
    suggestion.shownIndex,
    suggestion.propensity,
    suggestion.policyVersion,
    suggestion.rewardVersion,
    latencyMs.context,
    latencyMs.copy,
    latencyMs.queue,
    latencyMs.prefill,
    latencyMs.decode,
    latencyMs.total,
    JSON.stringify(context.snippets),
    suggestion.exploration,
    suggestion.state === undefined ? null : floatsToBlob(suggestion.state),
    context.closers ?? '',
  );
  if (inserted === 0) return;
  for (const [index, candidate] of suggestion.candidates.entries()) {
    const { copy } = candidate;
    await connection.run(
      'INSERT INTO candidates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      suggestion.id,
      index,
      candidate.text,
      JSON.stringify(candidate.tokenIds),
      known(candidate.logProb),
      candidate.source,
      candidate.propensity,
      known(candidate.score),
      copy?.runLength ?? null,
      copy?.votes ?? null,
      copy?.places ?? null,
      copy === undefined ? null : Number(copy.sameFile),
      known(candidate.firstLogProb),
      known(candidate.entropy),
      copy?.ownVotes ?? null,
      known(copy?.recency),
      copy?.sameSymbol === undefined ? null : Number(copy.sameSymbol),
    );
  }
}

/** SQLite has no NaN: what was never measured is NULL. */
function known(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}

function floatsToBlob(values: readonly number[]): Buffer {
  const blob = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) blob.writeFloatLE(value, 4 * index);
  return blob;
}
