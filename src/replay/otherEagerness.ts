/**
 * What another eagerness would have come to, told in two ways: estimated from what an arm chose and how
 * likely each choice was (SNIPS, see `training/offPolicy.ts`), and counted where the history was really
 * replayed with it. Only the second knows what is learned otherwise from other choices; and the first
 * knows nothing of texts that are never drawn, which are those far from the threshold in use.
 */
import { thresholdOf } from '../completion/rerank';
import { estimateValue, type ThresholdDecision, underThreshold } from '../training/offPolicy';
import { type Interval, mean } from '../util/statistics';
import type { ArmName, ArmRecord, DecisionRecord } from './measures';

export interface OtherEagerness {
  /** 0..1, as in the settings. */
  readonly eagerness: number;
  /** The probability from which on a text is shown, 0..1. */
  readonly threshold: number;
  /** Decisions in which the arm was asked. */
  readonly decisions: number;
  /** As many of its own would tell as much. */
  readonly effectiveSize: number;
  /** A decision's reward, silence counting 0 (see `feedback/label.ts`). */
  readonly reward: Foretold;
  /** Characters of a decision that were accepted and retained. */
  readonly retained: Foretold;
}

/** The estimate with its 95 % interval, and what was really found. */
export interface Foretold extends Interval {
  readonly replayed: number;
}

/** Two replays of the same decisions. */
export interface EagernessLogs {
  /** An arm that chose by the eagerness in use, and now and then by chance. */
  readonly logged: readonly DecisionRecord[];
  /** The same arm that chose by the other eagerness, and never by chance. */
  readonly replayed: readonly DecisionRecord[];
}

export function compareEagerness(
  { logged, replayed }: EagernessLogs,
  {
    arm,
    eagerness,
    seed,
  }: { readonly arm: ArmName; readonly eagerness: number; readonly seed: number },
): OtherEagerness {
  const threshold = thresholdOf(eagerness);
  const chosen = choicesOf(logged, arm);
  const found = choicesOf(replayed, arm);
  const foretold = (worth: (choice: Choice) => number) => {
    const decisions = chosen.map((choice) => ({ ...choice, reward: worth(choice) }));
    const estimate = estimateValue(underThreshold(decisions, threshold), { seed });
    return { ...estimate, replayed: mean(found.map(worth)) };
  };
  const { effectiveSize, decisions, ...reward } = foretold((choice) => choice.reward);
  const { value, low, high, replayed: kept } = foretold(({ retained }) => retained);
  const retained = { value, low, high, replayed: kept };
  return { eagerness, threshold, decisions, effectiveSize, reward, retained };
}

type Choice = ThresholdDecision & Pick<ArmRecord, 'retained'>;

function choicesOf(records: readonly DecisionRecord[], arm: ArmName): Choice[] {
  return records.flatMap(({ commit, arms }) => {
    // What follows an accepted text depends on the choice before it.
    const { choice, retained = 0 } = arms[arm]?.[0] ?? {};
    return choice === undefined ? [] : [{ ...choice, retained, group: commit }];
  });
}
