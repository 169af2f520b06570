/**
 * Replays a history as edits in time: at each decision every arm is asked, its simulated user reacts,
 * the real tracker and store take note, and only then may the arm learn (prequential: predict, then
 * learn). All arms meet the same decisions; arms that propose alike share one call of the policy,
 * which is what a replay costs. What is measured is in `measures.ts`.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Parser } from '../completion/parser';
import { samplesOf, suggest } from '../completion/suggest';
import type { Policy } from '../model/types';
import { openFeedbackStore } from '../store/feedbackStore';
import type { FeedbackStore } from '../store/feedbackStore';
import type { Clock, FeedbackEvent, Logger, Settings, Suggestion } from '../types';
import { systemClock } from '../util/clock';
import { seededRandom } from '../util/random';
import { Arm, figuresOf } from './arm';
import { textOf } from './autoClosing';
import {
  type Decision,
  decisionAfter,
  planCommit,
  type PlannedEdit,
  type PlannedFile,
  seedOf,
} from './decisions';
import { textDuring } from './edits';
import type { Commit, History } from './history';
import type { ArmName, ArmRecord, DecisionRecord } from './measures';
import { rememberedPolicy } from './rememberedPolicy';
import { Workspace } from './workspace';

/** What one arm does beside the frozen pipeline. */
export interface Learner {
  /** Proposes for this arm alone from now on; undefined while it is the frozen policy. */
  readonly policy: Policy | undefined;
  /** Takes note of a fact, when it happens. */
  notice(event: FeedbackEvent): void;
  /** Orders the candidates anew and decides whether to show any. */
  decide(suggestion: Suggestion): Suggestion;
  /** Called after each decision, when its facts are in the store; `clock` is the arm's. */
  learn(store: FeedbackStore, clock: Clock, signal: AbortSignal): Promise<void>;
  dispose(): Promise<void>;
}

export interface ArmSpec {
  readonly name: ArmName;
  /** What it proposes from: its file alone, or all that the product knows. */
  readonly sees: 'file' | 'workspace';
  /** Without one the best candidate by the frozen score is always shown, and nothing is learned. */
  readonly learner?: Learner;
}

export interface ReplayOptions {
  readonly history: History;
  /** What the documents' addresses begin with, see `workspace.ts`. */
  readonly address?: string | undefined;
  readonly arms: readonly ArmSpec[];
  readonly policy: Policy;
  readonly parser: Parser;
  readonly settings: Settings;
  readonly seed: number;
  /** Ends after the commit with which there are so many. */
  readonly decisions: number;
  /** Holds the arms' stores; exists. */
  readonly directory: string;
  /** Where answers of policies are kept. */
  readonly cache: string;
  readonly logger: Logger;
  /** Whether anything is asked in a commit; in all of them when left out. */
  readonly isAsked?: (commit: Commit) => boolean;
  /** Ends the replay before the next commit. */
  readonly isOver?: () => boolean;
  readonly onProgress?: (progress: ReplayProgress) => void;
  /** Told of each decision when it has been asked, whatever the user does with the answer. */
  readonly onDecision?: (asked: AskedDecision) => Promise<void>;
}

export interface ReplayProgress {
  readonly decisions: number;
  /** 0..1 */
  readonly share: number;
  /** Null until it can be said. */
  readonly leftMs: number | null;
}

/** A decision with what was proposed, and what was in fact written. */
export interface AskedDecision {
  readonly decision: Decision;
  readonly commit: string;
  readonly languageId: string;
  readonly suggestions: Readonly<Partial<Record<ArmName, Suggestion>>>;
}

export interface ReplayResult {
  readonly records: readonly DecisionRecord[];
  readonly commits: CommitCounts;
}

/** Commits walked, and by why nothing was asked in them. */
export interface CommitCounts {
  readonly walked: number;
  readonly asked: number;
  readonly bulk: number;
  readonly shallow: number;
  readonly bot: number;
}

/** In a short history more, so that it yields the decisions. */
const minInCommit = 4;
const maxInEdit = 2;
/** Nobody waits here; of the file alone only the best counts. */
const samplesBy = { file: 0, workspace: samplesOf.invoked } as const;

/** Rejects with an AbortError when `signal` fires. */
export async function replay(options: ReplayOptions, signal: AbortSignal): Promise<ReplayResult> {
  const { history, settings, seed } = options;
  const workspace = new Workspace(history.name, history.start, options.address);
  const players = await openPlayers(options);
  const startMs = performance.now();
  const records: DecisionRecord[] = [];
  const counts = { walked: 0, asked: 0, bulk: 0, shallow: 0, bot: 0 };
  const maxInCommit = Math.max(minInCommit, Math.ceil(options.decisions / history.length));
  const plan = { seed, settings, repository: history.name, maxInCommit, maxInEdit };
  try {
    for await (const commit of history.commits()) {
      signal.throwIfAborted();
      if (records.length >= options.decisions || options.isOver?.() === true) break;
      counts.walked++;
      if (commit.untyped !== undefined) counts[commit.untyped]++;
      const files = options.isAsked?.(commit) === false ? [] : planCommit(commit, plan);
      if (files.length > 0) {
        counts.asked++;
        const replayed = new ReplayedCommit(options, commit, workspace, players);
        records.push(...(await replayed.run(files, signal)));
      }
      const isTyped = commit.untyped === undefined;
      for (const change of commit.changes) workspace.apply(change, isTyped);
      const share = Math.min(
        1,
        Math.max(records.length / options.decisions, counts.walked / history.length),
      );
      const spentMs = performance.now() - startMs;
      const leftMs = records.length < 8 ? null : (spentMs / share) * (1 - share);
      options.onProgress?.({ decisions: records.length, share, leftMs });
    }
  } finally {
    for (const { arm, spec } of players) {
      await arm.dispose();
      await spec.learner?.dispose();
    }
  }
  return { records, commits: counts };
}

/** An arm and what plays it. */
interface Player {
  readonly spec: ArmSpec;
  readonly arm: Arm;
}

async function openPlayers({ arms, directory, logger }: ReplayOptions): Promise<Player[]> {
  const players: Player[] = [];
  for (const spec of arms) {
    const store = await openFeedbackStore(path.join(directory, `${spec.name}.db`), { logger });
    const arm = new Arm(store, 0, (event) => spec.learner?.notice(event));
    players.push({ spec, arm });
  }
  return players;
}

/** One question in one arm. */
interface Played {
  readonly name: ArmName;
  readonly arm: Arm;
  readonly suggestion: Suggestion | undefined;
  readonly keys: number;
}

/** One commit of a replay. */
class ReplayedCommit {
  readonly #options: ReplayOptions;
  readonly #commit: Commit;
  readonly #workspace: Workspace;
  readonly #players: readonly Player[];

  constructor(
    options: ReplayOptions,
    commit: Commit,
    workspace: Workspace,
    players: readonly Player[],
  ) {
    this.#options = options;
    this.#commit = commit;
    this.#workspace = workspace;
    this.#players = players;
  }

  async run(files: readonly PlannedFile[], signal: AbortSignal): Promise<DecisionRecord[]> {
    for (const { arm } of this.#players) arm.startCommit(this.#commit.timeMs);
    const asked: { decision: Decision; languageId: string; played: readonly Played[] }[] = [];
    for (const file of files) {
      await this.#options.parser.load(file.languageId);
      const { before, after, languageId } = file;
      const uri = this.#workspace.uriOf(file.path);
      for (const { arm } of this.#players) arm.open(uri, before);
      for (const planned of file.edits) {
        const { edit } = planned;
        for (const decision of planned.decisions) {
          const played = await this.#decide(file, planned, decision, signal);
          asked.push({ decision, languageId, played });
          const lineEnd = decision.truth.indexOf('\n');
          const typed = decision.typed + (lineEnd < 0 ? decision.truth.length : lineEnd);
          for (const { arm } of this.#players) {
            const there = Math.max(typed, arm.carriedTo - edit.at);
            const closers = textOf(decision.closersAt(there - decision.typed, 0));
            arm.write(uri, textDuring(before, after, edit, there, closers));
            arm.rest();
          }
        }
        const whole = textDuring(before, after, edit, edit.insertedLength);
        for (const { arm } of this.#players) arm.write(uri, whole);
      }
      this.#workspace.edit(file.path, after);
    }
    for (const { arm } of this.#players) arm.endCommit();
    const records = asked.map((each) => this.#record(each));
    for (const { arm } of this.#players) await arm.settled();
    return records;
  }

  /** Asks every arm at a decision, and those whose users take a text once more behind it, and so on. */
  async #decide(
    file: PlannedFile,
    planned: PlannedEdit,
    first: Decision,
    signal: AbortSignal,
  ): Promise<Played[]> {
    const { seed, settings, history } = this.#options;
    const plan = { seed, settings, repository: history.name };
    const played: Played[] = [];
    const pending = new Map([[first.offset, { decision: first, players: [...this.#players] }]]);
    for (;;) {
      // In the order of the text, so that nobody is told what another arm's user wrote further on.
      const [next] = [...pending.values()].sort((a, b) => a.decision.offset - b.decision.offset);
      if (next === undefined) return played;
      const { decision, players } = next;
      pending.delete(decision.offset);
      played.push(...(await this.#play(file, decision, players, signal)));
      for (const player of players) {
        const { carriedTo } = player.arm;
        if (carriedTo <= decision.offset) continue;
        const after = decisionAfter(this.#commit, file, planned, decision, carriedTo, plan);
        if (after === undefined) continue;
        const others = pending.get(after.offset)?.players ?? [];
        pending.set(after.offset, { decision: after, players: [...others, player] });
      }
    }
  }

  async #play(
    file: PlannedFile,
    decision: Decision,
    players: readonly Player[],
    signal: AbortSignal,
  ): Promise<Played[]> {
    const uri = this.#workspace.uriOf(file.path);
    this.#workspace.edit(file.path, decision.text);
    const shared = new Map<string, Promise<Suggestion>>();
    const suggestions: Partial<Record<ArmName, Suggestion>> = {};
    const played: Played[] = [];
    for (const { spec, arm } of players) {
      const { learner, name } = spec;
      if (arm.carriedTo > decision.offset) {
        played.push({ name, arm, suggestion: undefined, keys: 0 });
        continue;
      }
      const policy = learner?.policy ?? this.#options.policy;
      const key = `${spec.sees} ${policy.version}`;
      // The first arm that asks pays; that the others ask nothing new keeps them comparable.
      const proposed = shared.get(key) ?? this.#ask(file, decision, spec.sees, policy, signal);
      shared.set(key, proposed);
      const frozen = await proposed;
      arm.write(uri, decision.text);
      const timeMs = arm.clock.now();
      const id = uuidOf(`${this.#options.seed} ${name} ${decision.id}`);
      const asked = { ...frozen, id, timeMs };
      const suggestion = learner?.decide(asked) ?? asked;
      suggestions[name] = suggestion;
      const { shownIndex } = suggestion;
      if (shownIndex === null) arm.stayQuiet(suggestion, decision);
      const keys = shownIndex === null ? 0 : arm.show(uri, suggestion, shownIndex, decision);
      played.push({ name, arm, suggestion, keys });
      await arm.settled();
      await learner?.learn(arm.store, arm.clock, signal);
    }
    const { languageId } = file;
    const commit = this.#commit.id;
    await this.#options.onDecision?.({ decision, commit, languageId, suggestions });
    return played;
  }

  /** What the pipeline proposes here, the best by the frozen score first. */
  #ask(
    { path: file, languageId }: PlannedFile,
    { text, offset, id }: Decision,
    sees: ArmSpec['sees'],
    policy: Policy,
    signal: AbortSignal,
  ): Promise<Suggestion> {
    const { settings, parser, seed, history, cache } = this.#options;
    const { copyIndex, neighbours } = this.#workspace;
    const uri = this.#workspace.uriOf(file);
    const knows = sees === 'workspace';
    return suggest(
      {
        document: { uri, path: file, repository: history.name, languageId, text, offset },
        trigger: 'automatic',
        settings,
        policy: rememberedPolicy(policy, cache),
        copyIndex: knows ? copyIndex : undefined,
        neighbours: knows ? neighbours : undefined,
        parser,
        clock: systemClock,
        random: seededRandom(seedOf(`${seed} ${id}`)),
        onPolicyError: (error) => {
          throw error;
        },
        options: { samples: samplesBy[sees] },
      },
      signal,
    );
  }

  #record({
    decision,
    languageId,
    played,
  }: {
    readonly decision: Decision;
    readonly languageId: string;
    readonly played: readonly Played[];
  }): DecisionRecord {
    const arms: Partial<Record<ArmName, ArmRecord[]>> = {};
    for (const { name, arm, suggestion, keys } of played) {
      const events = suggestion === undefined ? [] : arm.eventsOf(suggestion.id);
      const latencyMs = suggestion === undefined ? NaN : latencyOf(suggestion);
      (arms[name] ??= []).push({ ...figuresOf({ suggestion, keys, events }), latencyMs });
    }
    const { id, written } = decision;
    return { id, commit: this.#commit.id, languageId, written, arms };
  }
}

/** What the suggestion took when it was made, which may have been in an earlier replay. */
function latencyOf({ latencyMs }: Suggestion): number {
  const { context, copy, queue, prefill, decode } = latencyMs;
  return context + copy + queue + prefill + decode;
}

/** An identity of the usual form that is always the same for the same text. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [0, 8, 12, 16, 20].map((at, i) => hex.slice(at, [8, 12, 16, 20, 32][i])).join('-');
}
