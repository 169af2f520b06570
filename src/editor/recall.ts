/**
 * What earlier sessions know that this one must know from its start: what was refused and where, and
 * what was taken of late. It reads the newest feedback once the database is open, a little at a time,
 * and keeps nothing itself.
 */
import type { OutcomeMemory } from '../completion/outcomeMemory';
import type { RefusalMemory } from '../completion/refusals';
import type { FeedbackStore } from '../store/feedbackStore';
import type { Logger } from '../types';

/** Suggestions that are looked through. */
const maxRecalled = 1_000;

interface Memories {
  readonly refusals: Pick<RefusalMemory, 'recall'>;
  readonly outcomes: Pick<OutcomeMemory, 'recordStored'>;
}

/** Never rejects: without it what was refused before may be offered once more, and no worse. */
export async function recall(
  opened: Promise<Pick<FeedbackStore, 'newest'>>,
  { refusals, outcomes }: Memories,
  logger: Logger,
): Promise<void> {
  try {
    const store = await opened;
    for await (const stored of store.newest(maxRecalled)) {
      refusals.recall(stored);
      outcomes.recordStored(stored);
    }
  } catch (error) {
    logger.error('store', 'What became of earlier suggestions could not be read.', error);
  }
}
