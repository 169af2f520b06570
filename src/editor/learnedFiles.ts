/**
 * Where what is learned lies, in one folder that all windows share. Names alone: what is in the files
 * is known to those who write them.
 */
import * as path from 'node:path';

export interface LearnedFiles {
  /** All of it; a folder for each line of versions is in it too, see `versionLine.ts`. */
  readonly directory: string;
  /** Feedback from replayed histories, a database each; need not be there. */
  readonly histories: string;
  /** The reward model fitted to the user. */
  readonly fittedReward: string;
  /** What windows remember of learning, together. */
  readonly memory: string;
  /** When the user last did something in any window. */
  readonly activity: string;
  /** Its time says when feedback was deleted last, to windows that remember some. */
  readonly deletion: string;
  /** Each is held while its work is done; see `lockFile.ts`. */
  readonly locks: Readonly<Record<'refitting' | 'training' | 'history', string>>;
}

export function learnedFiles(directory: string): LearnedFiles {
  const file = (name: string): string => path.join(directory, name);
  return {
    directory,
    histories: file('histories'),
    fittedReward: file('reward.json'),
    memory: file('memory.json'),
    activity: file('activity'),
    deletion: file('deletion'),
    locks: {
      refitting: file('refit.lock'),
      training: file('training.lock'),
      history: file('history.lock'),
    },
  };
}
