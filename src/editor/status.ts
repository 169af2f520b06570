/**
 * What the status bar says, as a function of what is known. No editor, no state: tests are a table.
 */
import { commands } from '../contributions';
import type { Availability } from './availability';
import type { LearningState } from './learning';
import { type LineMemory, restWords } from './learningPlan';
import type { ModelState } from './modelSetup';
import { type Action, clockTime, type LanguageName, offText } from './offText';
import type { Tooltip } from './tooltip';

export interface StatusParams {
  readonly model: ModelState;
  /** For the active editor. */
  readonly availability: Availability;
  readonly languageName: LanguageName;
  readonly thinking: boolean;
  readonly learning: LearningState;
  /** The last training, if there was one. */
  readonly trained: LineMemory | undefined;
}

export interface Status {
  /** With codicons, as the status bar shows it. */
  readonly text: string;
  /** The same for screen readers. */
  readonly spoken: string;
  readonly tooltip: Tooltip;
  readonly severity: 'none' | 'error';
}

const showLog: Action = { label: 'Show log', command: commands.showLog };

export function statusOf(params: StatusParams): Status {
  const { model, availability, languageName } = params;
  // Being off comes first: whoever has switched Hone off does not care about the model.
  const off = offText(availability, languageName);
  if (off) {
    const icon = availability.kind === 'snoozed' ? 'bell-slash' : 'circle-slash';
    return status(icon, off.word, [off.sentence], off.actions);
  }
  switch (model.kind) {
    case 'stopped':
      return status('circle-slash', 'stopped', ['The model is not running.'], modelActions(model));
    case 'starting':
      return status('loading~spin', 'starting', ['The model is loading.'], modelActions(model));
    case 'importing': {
      const sentence = 'The model file is being converted, once, on this machine.';
      const word = `importing ${percent(model.share)}`;
      return status('loading~spin', word, [sentence], modelActions(model));
    }
    case 'restarting': {
      const sentence = `The model host ${model.reason}. It is restarting; no feedback is lost.`;
      return status('loading~spin', 'restarting', [sentence], modelActions(model));
    }
    case 'failed': {
      const sentences = [model.message, model.advice];
      return { ...status('warning', 'failed', sentences, modelActions(model)), severity: 'error' };
    }
    case 'ready':
      return readyStatus(params, model.version);
  }
}

/** What helps while the model is not ready. */
export function modelActions({ kind }: Pick<ModelState, 'kind'>): readonly Action[] {
  switch (kind) {
    case 'ready':
      return [];
    case 'starting':
    case 'importing':
    case 'restarting':
      return [showLog];
    case 'stopped':
    case 'failed':
      return [
        { label: 'Restart', command: commands.restartModel },
        { label: 'Choose model file...', command: commands.chooseModel },
        showLog,
      ];
  }
}

function readyStatus(params: StatusParams, version: string): Status {
  const { availability, thinking, learning, trained } = params;
  const isTraining = learning.kind === 'training';
  const word = isTraining ? `learning ${percent(learning.progress.share)}` : 'ready';
  const icon = isTraining ? 'mortar-board' : 'sparkle';
  const where = availability.kind === 'noEditor' ? ['No text editor is open.'] : [];
  const sentences = [...where, `${version}, on this machine.`, learningWords(learning, trained)];
  const actions: readonly Action[] =
    availability.kind === 'noEditor'
      ? [{ label: 'Open an example', command: commands.openExample }]
      : [
          { label: 'Why nothing here?', command: commands.whyNothing },
          { label: 'Snooze...', command: commands.snooze },
        ];
  const settings: Action = { label: 'Settings', command: commands.openSettings };
  const ready = status(icon, word, sentences, [...actions, settings]);
  // Only the icon turns while Hone thinks, so that the neighbours in the bar keep their place.
  return thinking
    ? { ...ready, text: `$(loading~spin) Hone: ${word}`, spoken: 'Hone: thinking' }
    : ready;
}

/** What is being learned, what came of it the last time, and when it goes on; whole sentences. */
export function learningWords(learning: LearningState, trained: LineMemory | undefined): string {
  switch (learning.kind) {
    case 'training': {
      const { stage, share, leftMs } = learning.progress;
      const left = leftMs === undefined ? '' : `, ${minutesWords(leftMs)} left`;
      const source =
        learning.history === undefined ? 'your feedback' : `the history of ${learning.history}`;
      return `Learning from ${source}: ${stage}, ${percent(share)}${left}.`;
    }
    case 'refitting':
      return 'Learning from your latest feedback.';
    case 'resting': {
      const last = trained && `Last trained at ${dateTime(trained.endedMs)}. ${trained.words}`;
      const next = learning.reason && restWords(learning.reason, clockTime);
      return [last, next].filter(Boolean).join(' ') || 'Not trained yet.';
    }
  }
}

export function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}

export function minutesWords(durationMs: number): string {
  const minutes = Math.max(1, Math.round(durationMs / 60_000));
  return minutes === 1 ? 'a minute' : `${minutes} minutes`;
}

function status(
  icon: string,
  word: string,
  sentences: readonly string[],
  actions: readonly Action[],
): Status {
  const title = `Hone: ${word}`;
  return {
    text: `$(${icon}) ${title}`,
    spoken: title,
    tooltip: { title, sentences, actions },
    severity: 'none',
  };
}

/** Day and time in the user's own way of writing them. */
export function dateTime(timeMs: number): string {
  return new Date(timeMs).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
}
