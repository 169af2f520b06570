/**
 * The reward model in use: the one fitted to this user, else the one that ships. What a refit writes,
 * in this window or another, is taken up once the user does something here; a file that cannot be read
 * leaves the model that was in use.
 */
import { featureNames } from '../completion/features';
import { createRewardModel, readRewardWeights } from '../model/rewardModel';
import type { RewardModel } from '../model/types';
import type { Clock, Logger } from '../types';
import { type Disposable, DisposableStore } from '../util/disposable';
import type { Event } from '../util/event';
import { messageOf } from './log';
import { stampOf, watch } from './watch';

export interface RewardSourceParams {
  readonly shippedFile: string;
  /** Written by refits; need not be there. */
  readonly fittedFile: string;
  /** Fires with everything that the user does in this window. */
  readonly onDidAct: Event<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How soon a window takes up what another one has fitted. */
const lookEveryMs = 2_000;

export class RewardSource implements Disposable {
  readonly #params: RewardSourceParams;
  readonly #disposables = new DisposableStore();
  #model: RewardModel | undefined;

  constructor(params: RewardSourceParams) {
    this.#params = params;
    const { fittedFile, onDidAct, clock } = params;
    this.#disposables.add(
      watch({
        stamp: () => stampOf(fittedFile),
        ...{ onDidAct, everyMs: lookEveryMs },
        onChange: () => void this.load(),
        clock,
      }),
    );
  }

  /** Undefined until one has been read. */
  get current(): RewardModel | undefined {
    return this.#model;
  }

  /** Takes up the file as it is now. */
  async load(): Promise<void> {
    const { shippedFile, fittedFile, logger } = this.#params;
    const isFitted = (await stampOf(fittedFile)) !== '';
    for (const file of isFitted ? [fittedFile, shippedFile] : [shippedFile]) {
      try {
        this.#model = createRewardModel(await readRewardWeights(file), featureNames);
        logger.info('learning', `Suggestions are judged by ${this.#model.version}.`);
        return;
      } catch (error) {
        logger.warn('learning', messageOf(error));
        // Better the fitted one of a moment ago than to forget what it has learned.
        if (this.#model !== undefined) return;
      }
    }
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}
