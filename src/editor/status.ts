/**
 * What the status bar says, as a function of what is known. No editor, no state: tests are a table.
 */
import type { Availability } from './availability';
import type { LearningState } from './learning';
import { type LineMemory, restWords } from './learningPlan';
import type { ModelState } from './modelSetup';

export interface StatusParams {
  readonly model: ModelState;
  /** For the active editor; undefined when there is none. */
  readonly availability: Availability | undefined;
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
  readonly tooltip: string;
  readonly severity: 'none' | 'error';
}

export function statusOf(params: StatusParams): Status {
  const { model, availability } = params;
  // Being off comes first: whoever has switched Hone off does not care about the model.
  if (availability?.kind === 'off') return status('circle-slash', 'off here', availability.reason);
  if (availability?.kind === 'snoozed') {
    const until = clockTime(availability.untilMs);
    return status('bell-slash', 'snoozed', `Hone rests until ${until}.`);
  }
  switch (model.kind) {
    case 'stopped':
      return status('circle-slash', 'stopped', 'The model is not running.');
    case 'starting':
      return status('loading~spin', 'starting', 'The model is being loaded.');
    case 'importing':
      return status(
        'loading~spin',
        `importing ${percent(model.share)}`,
        'The model file is being converted, once, on this machine.',
      );
    case 'restarting':
      return status(
        'loading~spin',
        'restarting',
        `The model host ${model.reason}. It is started again; no feedback is lost.`,
      );
    case 'failed':
      return {
        ...status('warning', 'failed', `${model.message} ${model.advice}`),
        severity: 'error',
      };
    case 'ready':
      return readyStatus(params, model.version);
  }
}

function readyStatus({ thinking, learning, trained }: StatusParams, version: string): Status {
  const learned = learningWords(learning, trained);
  const isTraining = learning.kind === 'training';
  const word = isTraining ? `learning ${percent(learning.progress.share)}` : 'ready';
  // Only the icon turns while Hone thinks, so that the neighbours in the bar keep their place.
  if (thinking)
    return { ...status('loading~spin', word, 'Hone is thinking.'), spoken: 'Hone: thinking' };
  const icon = isTraining ? 'mortar-board' : 'sparkle';
  return status(icon, word, `${version}, on this machine.\n${learned}`);
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

function status(icon: string, word: string, tooltip: string): Status {
  return {
    text: `$(${icon}) Hone: ${word}`,
    spoken: `Hone: ${word}`,
    tooltip: `Hone: ${tooltip}`,
    severity: 'none',
  };
}

/** Day and time in the user's own way of writing them. */
export function dateTime(timeMs: number): string {
  return new Date(timeMs).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
}

/** Hours and minutes in the user's own way of writing them. */
export function clockTime(timeMs: number): string {
  return new Date(timeMs).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}
