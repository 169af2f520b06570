/**
 * A version of the model made in a moment, as learning makes it in hours: trained on one row until it
 * says that by heart, and put among the versions of a data folder as if the gate had passed it. For
 * tests of what a window does with versions.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { promptText } from '../../src/feedback/trainingRows';
import { readModelFolder } from '../../src/model/modelFolder';
import { openExistingStore } from '../../src/store/feedbackStore';
import { addVersion, versionId, type VersionRecord } from '../../src/training/registry';
import { trainingSettings } from '../../src/training/settings';
import { train } from '../../src/training/trainer';
import { systemClock } from '../../src/util/clock';
import { projectRoot } from './workbench';

const storageOf = (dataDir: string): string =>
  path.join(dataDir, 'user/User/globalStorage/hone.hone');

/** Trains until `completion` follows what the policy was told at the last suggestion that was made. */
export async function makeVersion(dataDir: string, completion: string): Promise<VersionRecord> {
  const storage = storageOf(dataDir);
  const base = await readModelFolder(path.join(projectRoot, 'media/models/hone-135m'));
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'hone-version-'));
  try {
    const data = path.join(scratch, 'rows.jsonl');
    const prompt = await lastPrompt(path.join(storage, 'feedback.db'));
    writeFileSync(data, `${JSON.stringify({ prompt, completion })}\n`);
    const adapter = path.join(scratch, 'adapter');
    const settings = trainingSettings({
      method: 'sft',
      learningRate: 2e-3,
      layers: 12,
      epochs: 10,
      batchSize: 1,
      maxTokens: 128,
    });
    await train({ base, data, out: adapter, settings, clock: systemClock });
    const createdMs = Date.now();
    const record: VersionRecord = {
      id: versionId(createdMs),
      createdMs,
      base: { version: base.manifest.version, sourceSha256: base.manifest.sourceSha256 },
      policyVersion: base.manifest.version,
      trainedRows: 1,
      heldOut: 1,
      untilMs: createdMs,
      minutes: 0,
      tokensPerSecond: 180,
      verdict: { passed: true, reasons: ['It says one line by heart.'], checks: [] },
    };
    await addVersion(path.join(storage, 'learned/everywhere'), record, { adapter });
    return record;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function lastPrompt(database: string): Promise<string> {
  const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const store = await openExistingStore(database, { logger });
  try {
    const last = await store.lastSuggestion();
    if (last === undefined) throw new Error('Nothing was suggested yet.');
    return promptText(last.suggestion.context);
  } finally {
    await store.close();
  }
}

const ignore = (): void => undefined;
