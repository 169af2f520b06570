/**
 * The long work of learning, each piece in a child process that ends with it: fitting the reward model
 * and training a version. What a child made is put in place here, after it has ended: a version that
 * passed the gate becomes the champion and is brought up while the one before still answers.
 */
import { readdir } from 'node:fs/promises';
import * as path from 'node:path';
import { learnInChild, refitInChild } from '../host/ownChild';
import type { ModelFolder } from '../model/modelFolder';
import { countExamples } from '../training/dataset';
import type { LearnProgress } from '../training/learn';
import type { Clock, Logger } from '../types';
import type { LearnedFiles } from './learnedFiles';
import type { LearningWork, TrainingEnd } from './learning';

export interface LearningWorkParams {
  /** The user's feedback. */
  readonly database: string;
  readonly files: LearnedFiles;
  /** The reward model that ships. */
  readonly shippedReward: string;
  readonly model: {
    readonly base: ModelFolder | undefined;
    /** Brings up the version in use without a gap. */
    refresh(): Promise<void>;
  };
  /** Takes up what a refit has written. */
  readonly reward: { load(): Promise<void> };
  readonly threads: () => number;
  /** Bundled `host/main.ts`. */
  readonly hostScript: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function learningWork(params: LearningWorkParams): LearningWork {
  const { database, files, model, reward, threads, hostScript, clock, logger } = params;
  return {
    async examples(line) {
      // The database driver is native and is loaded no sooner than needed, as in `storeOwner.ts`.
      const { gentleRowsPerPage, readStores } = await import('../store/storeReader');
      const stores = await storeFilesOf(database, files);
      return countExamples(readStores(stores, logger, line.workspace, gentleRowsPerPage));
    },

    async refit(signal) {
      const storeFiles = await storeFilesOf(database, files);
      const report = await refitInChild(
        { storeFiles, rewardFile: params.shippedReward, out: files.fittedReward },
        { hostScript, clock, logger, signal },
      );
      await reward.load();
      logger.info('learning', `Reward model: ${report.verdict}, ${report.labels} labels.`);
    },

    async train(line, minutes, signal, onProgress): Promise<TrainingEnd> {
      const { base } = model;
      if (base === undefined) throw new Error('There is no model yet that could be trained.');
      const report = await learnInChild(
        {
          storeFiles: await storeFilesOf(database, files),
          modelDir: base.directory,
          registryDir: line.directory,
          documents: line.workspace,
          options: { threads: threads(), minutes },
        },
        {
          ...{ hostScript, clock, logger, signal },
          onProgress: ({ stage, share }) => onProgress({ stage: stages[stage], share }),
        },
      );
      const { version, outcome, dataset } = report;
      if (version === null) return { kind: 'tooLittle', examples: dataset.examples };
      if (outcome !== 'passed') return { kind: 'refused', version };
      try {
        await line.registry.promote(version.id);
      } catch (error) {
        logger.error('learning', `Version ${version.id} could not be put in place.`, error);
        return { kind: 'notInPlace', version, error };
      }
      await model.refresh();
      return { kind: 'promoted', version };
    },
  };
}

/** What a stage of the run is called before a user. */
const stages: Readonly<Record<LearnProgress['stage'], string>> = {
  reading: 'reading feedback',
  sampling: 'asking the model itself',
  training: 'training',
  merging: 'putting the model together',
  judging: 'comparing the two',
};

/** The user's own feedback first. */
async function storeFilesOf(database: string, { histories }: LearnedFiles): Promise<string[]> {
  const names = await readdir(histories).catch(() => []);
  return [
    database,
    ...names.filter((name) => name.endsWith('.db')).map((name) => path.join(histories, name)),
  ];
}
