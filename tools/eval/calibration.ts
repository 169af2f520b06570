/**
 * npm run eval -- calibration --stores DIR: whether P(accepted and retained) is to be believed, from the
 * feedback stores of replayed histories (`hone replay --stores DIR/NAME`), each alone and all together.
 * Few decisions in ten groups are some way off whatever was said, so beside each error stands the one
 * that chance alone would give: its mean where every forecast is exactly right.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { eventsOf } from '../../src/feedback/label';
import { figuresOf } from '../../src/replay/arm';
import { armNames } from '../../src/replay/measures';
import { openExistingStore } from '../../src/store/feedbackStore';
import { calibrationError } from '../../src/training/calibration';
import type { Logger } from '../../src/types';
import { seededRandom } from '../../src/util/random';
import { mean } from '../../src/util/statistics';
import { tableOf } from './table';

interface Forecast {
  /** 0..1 */
  readonly probability: number;
  /** 0 or 1. */
  readonly target: number;
}

const draws = 500;

/** Resolves to a table. */
export async function calibrationReport(folder: string, logger: Logger): Promise<string> {
  const histories = fs
    .readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory());
  const rows: string[][] = [];
  for (const arm of armNames) {
    const found: { readonly name: string; readonly forecasts: readonly Forecast[] }[] = [];
    for (const { name } of histories) {
      const file = path.join(folder, name, `${arm}.db`);
      if (fs.existsSync(file)) found.push({ name, forecasts: await forecastsIn(file, logger) });
    }
    const all = { name: 'all of them', forecasts: found.flatMap(({ forecasts }) => forecasts) };
    for (const { name, forecasts } of [...found, all]) {
      rows.push([
        arm,
        name,
        String(forecasts.length),
        calibrationError(forecasts).toFixed(3),
        errorByChance(forecasts).toFixed(3),
      ]);
    }
  }
  const head = ['arm', 'history', 'forecasts', 'calibration error', 'by chance alone'];
  return tableOf(head, rows).join('\n');
}

async function forecastsIn(file: string, logger: Logger): Promise<Forecast[]> {
  const store = await openExistingStore(file, { logger });
  const forecasts: Forecast[] = [];
  for await (const stored of store.suggestions()) {
    const { suggestion } = stored;
    const { forecast } = figuresOf({ suggestion, keys: 0, events: eventsOf(stored) });
    if (forecast) forecasts.push({ probability: forecast.p, target: Number(forecast.kept) });
  }
  await store.close();
  return forecasts;
}

/** The mean error of outcomes that are drawn by the very probabilities that were said. */
function errorByChance(forecasts: readonly Forecast[]): number {
  const random = seededRandom(1);
  const drawn = () =>
    forecasts.map(({ probability }) => ({ probability, target: Number(random() < probability) }));
  return mean(Array.from({ length: draws }, () => calibrationError(drawn())));
}
