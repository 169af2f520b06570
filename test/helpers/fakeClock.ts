/** The clock of tests: time stands still until a test advances it, and begins at a fixed day. */
import { ManualClock } from '../../src/replay/manualClock';

export class FakeClock extends ManualClock {
  constructor(epochMs = Date.UTC(2025, 0, 1)) {
    super(epochMs);
  }
}
