/**
 * A process that records feedback until it has written `histories` of them or is killed: bundled and
 * run by `test/unit/store/processes.test.ts`. Prints `<history> <event>` after each acknowledgement.
 */
import { writeSync } from 'node:fs';
import { openFeedbackStore } from '../../src/store/feedbackStore';
import { sampleHistory } from './sampleEvents';

const [file = '', first = '0', histories = '0'] = process.argv.slice(2);

async function main(): Promise<void> {
  const store = await openFeedbackStore(file, {
    logger: { debug: report, info: report, warn: report, error: report },
  });
  for (let n = Number(first); n < Number(first) + Number(histories); n++) {
    for (const [index, event] of sampleHistory(n, 'accepted').entries()) {
      await store.record(event);
      // Straight to the pipe: a line that was written outlives the process.
      writeSync(1, `${n} ${index}\n`);
    }
  }
  await store.close();
}

function report(topic: string, message: string): void {
  writeSync(2, `${topic}: ${message}\n`);
}

void main();
