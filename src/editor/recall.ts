/**
 * What earlier sessions know that this one must know from its start: what was refused, and where. It
 * reads the newest feedback once the database is open, a little at a time, and keeps nothing itself.
 */
import type { RefusalMemory } from '../completion/refusals';
import type { FeedbackStore } from '../store/feedbackStore';
import type { Logger } from '../types';

/** Suggestions that are looked through for refusals. */
const maxRecalled = 1_000;

/** Never rejects: without it what was refused before may be offered once more, and no worse. */
export async function recallRefusals(
  opened: Promise<Pick<FeedbackStore, 'newest'>>,
  refusals: Pick<RefusalMemory, 'recall'>,
  logger: Logger,
): Promise<void> {
  try {
    const store = await opened;
    for await (const stored of store.newest(maxRecalled)) refusals.recall(stored);
  } catch (error) {
    logger.error('store', 'What was refused before could not be read.', error);
  }
}
