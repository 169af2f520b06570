/**
 * Which part of the feedback an export or a deletion is about: the folders of this window or all, and
 * since when. Pure; asking the user is `chooseScope.ts`'s.
 */

export interface Place {
  readonly label: string;
  /** Starts of the addresses of its documents; empty for all there are. */
  readonly documents: readonly string[];
}

export interface Span {
  readonly label: string;
  /** Undefined for all time. */
  readonly durationMs: number | undefined;
}

export interface FeedbackScope {
  readonly range: { readonly fromMs: number; readonly documents: readonly string[] };
  /** Begins with "from", to go on from "feedback". */
  readonly words: string;
}

const hourMs = 3_600_000;

export const everywhere: Place = { label: 'All workspaces', documents: [] };

export const spans: readonly Span[] = [
  { label: 'Last hour', durationMs: hourMs },
  { label: 'Last day', durationMs: 24 * hourMs },
  { label: 'Last 30 days', durationMs: 30 * 24 * hourMs },
  { label: 'All time', durationMs: undefined },
];

/** The workspace of a window, with the notebooks in it. */
export function workspacePlace(
  folders: readonly { readonly name: string; readonly uri: { toString(): string } }[],
): Place {
  return {
    label: `This workspace (${folders.map(({ name }) => name).join(', ')})`,
    documents: folders.flatMap(({ uri }) => {
      const address = uri.toString().replace(/\/?$/, '/');
      return [address, address.replace(/^file:\/\//, 'vscode-notebook-cell:')];
    }),
  };
}

export function scopeOf(place: Place, span: Span, nowMs: number): FeedbackScope {
  const { durationMs } = span;
  const lower = (label: string): string => label.charAt(0).toLowerCase() + label.slice(1);
  const where = lower(place.label);
  return {
    range: {
      fromMs: durationMs === undefined ? 0 : nowMs - durationMs,
      documents: place.documents,
    },
    words: durationMs === undefined ? `from ${where}` : `from ${where}, ${lower(span.label)}`,
  };
}

export function isAllTime({ range }: FeedbackScope): boolean {
  return range.fromMs === 0;
}

export function isEverything(scope: FeedbackScope): boolean {
  return isAllTime(scope) && scope.range.documents.length === 0;
}
