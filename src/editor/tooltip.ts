/**
 * A tooltip as Markdown: a title, sentences, and actions as links. Pure: the editor trusts exactly the
 * commands that it names.
 */
import type { Action } from './offText';

export interface Tooltip {
  readonly title: string;
  /** A paragraph each. */
  readonly sentences: readonly string[];
  readonly actions: readonly Action[];
}

export interface TooltipMarkdown {
  readonly value: string;
  /** Ids of the commands that it links. */
  readonly commands: readonly string[];
}

export function tooltipMarkdown({ title, sentences, actions }: Tooltip): TooltipMarkdown {
  const links = actions.map(
    ({ label, command, argument }) => `[${escaped(label)}](${commandUri(command, argument)})`,
  );
  const paragraphs = [`**${escaped(title)}**`, ...sentences.map(escaped), links.join(' · ')];
  return {
    value: paragraphs.filter(Boolean).join('\n\n'),
    commands: [...new Set(actions.map(({ command }) => command))],
  };
}

function commandUri(command: string, argument: string | undefined): string {
  if (argument === undefined) return `command:${command}`;
  // A parenthesis would end the link.
  const query = encodeURIComponent(JSON.stringify([argument]));
  return `command:${command}?${query.replaceAll('(', '%28').replaceAll(')', '%29')}`;
}

/** Names of folders, languages and versions are text, whatever is in them. */
function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~&$]/g, '\\$&').replaceAll('\n', ' ');
}
