/**
 * What the status bar says, as a function of what is known. No editor, no state: tests are a table.
 */
import type { Availability } from './availability';
import type { ModelState } from './modelSetup';

export interface StatusParams {
  readonly model: ModelState;
  /** For the active editor; undefined when there is none. */
  readonly availability: Availability | undefined;
  readonly thinking: boolean;
}

export interface Status {
  /** With codicons, as the status bar shows it. */
  readonly text: string;
  /** The same for screen readers. */
  readonly spoken: string;
  readonly tooltip: string;
  readonly severity: 'none' | 'error';
}

export function statusOf({ model, availability, thinking }: StatusParams): Status {
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
        `importing ${Math.floor(model.share * 100)} %`,
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
      // Only the icon turns while Hone thinks, so that the neighbours in the bar keep their place.
      return thinking
        ? { ...status('loading~spin', 'ready', 'Hone is thinking.'), spoken: 'Hone: thinking' }
        : status('sparkle', 'ready', `${model.version}, on this machine.`);
  }
}

function status(icon: string, word: string, tooltip: string): Status {
  return {
    text: `$(${icon}) Hone: ${word}`,
    spoken: `Hone: ${word}`,
    tooltip: `Hone: ${tooltip}`,
    severity: 'none',
  };
}

/** Hours and minutes in the user's own way of writing them. */
export function clockTime(timeMs: number): string {
  return new Date(timeMs).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}
