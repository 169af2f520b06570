/**
 * The places of suggestions that have had their outcome, each watched for as long as it has something
 * to tell (see `regionWatch.ts`). It keeps them in step with the documents and knows when a text whose
 * accept was reported first has come; what an outcome is, and which purpose follows from it, is the
 * tracker's.
 */
import type { Clock, FeedbackEvent, Suggestion } from '../types';
import { agreement } from './agreement';
import { type DocumentChange, refineNear } from './liveTexts';
import { RegionWatch, type WatchPurpose } from './regionWatch';
import { type ChangeCause, TrackedRegion } from './trackedRegion';

/** Where a candidate's text begins in the live document, and the cursor up to which some of it stands. */
export interface Place {
  readonly start: number;
  readonly end: number;
  /** What stands behind the cursor already and the text may close itself; '' if left out. */
  readonly closers?: string;
}

export interface FollowedPlacesOptions {
  readonly clock: Clock;
  /** Places followed at once; the oldest is finished first. */
  readonly most: number;
  /** The live document, where it is kept. */
  readonly textOf: (uri: string) => string | undefined;
  readonly record: (event: FeedbackEvent) => void;
  /** A place has told all that it had to tell. */
  readonly onDidEnd: () => void;
}

/** What is watched, and the candidate whose accept was reported before its text arrived. */
interface Followed {
  readonly suggestion: Suggestion;
  readonly awaitedIndex?: number;
}

export class FollowedPlaces {
  readonly #options: FollowedPlacesOptions;
  /** The oldest first. */
  readonly #followed = new Map<RegionWatch, Followed>();

  constructor(options: FollowedPlacesOptions) {
    this.#options = options;
  }

  /** Documents in which something is followed. */
  get uris(): string[] {
    return [...this.#followed.values()].map(({ suggestion }) => suggestion.documentUri);
  }

  /** Whether a silence is followed at the very place, with nothing written there yet. */
  isSilentAt(uri: string, offset: number): boolean {
    return [...this.#followed].some(
      ([{ region }, { suggestion }]) =>
        suggestion.shownIndex === null &&
        suggestion.documentUri === uri &&
        region.start === offset &&
        region.end === offset + closersOf(suggestion).length,
    );
  }

  watchOf(suggestionId: string): RegionWatch | undefined {
    return [...this.#followed.keys()].find((watch) => watch.suggestionId === suggestionId);
  }

  follow(
    suggestion: Suggestion,
    candidateIndex: number,
    purpose: WatchPurpose,
    region: TrackedRegion,
    linePrefix: string,
    awaitedIndex?: number,
  ): void {
    const { clock, record, textOf, most, onDidEnd } = this.#options;
    const { id: suggestionId, documentUri } = suggestion;
    const watch = new RegionWatch({
      suggestionId,
      purpose,
      region,
      maxLineBreaks: (suggestion.candidates[candidateIndex]?.text ?? '').split('\n').length - 1,
      linePrefix,
      closers: closersOf(suggestion),
      clock,
      documentText: () => textOf(documentUri) ?? '',
      record,
      onDidEnd: (ended) => {
        this.drop(ended);
        onDidEnd();
      },
    });
    this.#followed.set(
      watch,
      awaitedIndex === undefined ? { suggestion } : { suggestion, awaitedIndex },
    );
    if (this.#followed.size > most) {
      const [oldest] = this.#followed.keys();
      oldest?.finish();
    }
  }

  /** Follows an accepted text where it stands, or awaits it: the command may come before the change. */
  followAccepted(
    suggestion: Suggestion,
    index: number,
    place: Place & { readonly typedBefore?: number },
    linePrefix: string,
  ): void {
    const document = this.#options.textOf(suggestion.documentUri);
    if (document === undefined) return;
    const { start } = place;
    const end = standingEnd(suggestion, index, start, document);
    if (end === undefined) {
      const region = new TrackedRegion(document, start, 0, { laterLength: place.end - start });
      this.follow(suggestion, index, 'lateAccept', region, linePrefix, index);
    } else {
      const { typedBefore: typedLength = 0 } = place;
      const closersLength = closersOf(suggestion).length;
      const region = new TrackedRegion(document, start, end - start, {
        typedLength,
        closersLength,
      });
      this.follow(suggestion, index, 'taken', region, linePrefix);
    }
  }

  /**
   * The accept command ran for what has its outcome already. `isFollowedWhole` where that was of the
   * whole text too: then it is followed anew only if it was undone and now accepted once more.
   */
  acceptedLate(suggestionId: string, index: number, isFollowedWhole: boolean): void {
    const watch = this.watchOf(suggestionId);
    const followed = watch && this.#followed.get(watch);
    if (!followed) return;
    const { suggestion } = followed;
    const { region, linePrefix } = watch;
    if (isFollowedWhole) {
      const document = this.#options.textOf(suggestion.documentUri) ?? '';
      const stands = standingEnd(suggestion, index, region.start, document) !== undefined;
      if (region.survival > 0 || !stands) return;
    }
    this.drop(watch);
    this.followAccepted(suggestion, index, region, linePrefix);
  }

  documentChanged(uri: string, change: DocumentChange, cause: ChangeCause): void {
    const followed = [...this.#followed].filter(([, at]) => at.suggestion.documentUri === uri);
    const smallest = refineNear(
      change,
      followed.map(([watch]) => watch.region),
    );
    for (const [watch, { suggestion, awaitedIndex }] of followed) {
      watch.follow(smallest, cause, change.after, change.edits);
      const { region, linePrefix } = watch;
      if (awaitedIndex === undefined) continue;
      if (standingEnd(suggestion, awaitedIndex, region.start, change.after) === undefined) continue;
      this.drop(watch);
      this.followAccepted(suggestion, awaitedIndex, region, linePrefix);
    }
  }

  documentClosed(uri: string): void {
    for (const [watch, { suggestion }] of this.#followed) {
      if (suggestion.documentUri === uri) watch.close();
    }
  }

  closeAll(): void {
    for (const watch of [...this.#followed.keys()]) watch.close();
  }

  /** Follows it no longer, without another fact. */
  drop(watch: RegionWatch): void {
    watch.dispose();
    this.#followed.delete(watch);
  }
}

/** What stood behind the cursor when it was asked. */
function closersOf({ context }: Suggestion): string {
  return context.closers ?? '';
}

/** Where candidate `index` ends if all of it stands at `start`. */
function standingEnd(
  suggestion: Suggestion,
  index: number,
  start: number,
  document: string,
): number | undefined {
  const text = suggestion.candidates[index]?.text ?? '';
  // Other line ends and deeper indentation make what stands there longer than the text.
  const standing = document.slice(start, start + 2 * text.length + 200);
  const { takenLength, typedLength } = agreement(standing, text);
  return text !== '' && takenLength === text.length ? start + typedLength : undefined;
}
