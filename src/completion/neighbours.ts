/**
 * What other text bears on the place of the cursor.
 */
import type { Snippet } from '../types';
import type { DocumentSnapshot } from './context';

export interface Neighbours {
  /**
   * Snippets for the cursor, what changes least first. The answer stays the same while the user
   * types, so that what the policy has read of it need not be read again.
   */
  near(document: DocumentSnapshot): readonly Snippet[];
}
