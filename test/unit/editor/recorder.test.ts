import { describe, expect, test } from 'vitest';
import { Recorder } from '../../../src/editor/recorder';
import type { FeedbackStore } from '../../../src/store/feedbackStore';
import type { FeedbackEvent } from '../../../src/types';

const shown = (suggestionId: string): FeedbackEvent => ({
  kind: 'shown',
  suggestionId,
  candidateIndex: 0,
  timeMs: 0,
});

describe('the recorder', () => {
  test('keeps events in order while the database is still opening', async () => {
    const seen: FeedbackEvent[] = [];
    let open: (store: Pick<FeedbackStore, 'record'>) => void = () => undefined;
    const opening = new Promise<Pick<FeedbackStore, 'record'>>((resolve) => (open = resolve));
    const recorder = new Recorder(opening, () => expect.unreachable());
    recorder.record(shown('a'));
    recorder.record(shown('b'));
    expect(seen).toEqual([]);
    open({
      record(event) {
        seen.push(event);
        return Promise.resolve();
      },
    });
    await recorder.idle();
    expect(seen).toEqual([shown('a'), shown('b')]);
  });

  test('is idle only when the last event is committed', async () => {
    let commit: () => void = () => undefined;
    const committed = new Promise<void>((resolve) => (commit = resolve));
    const recorder = new Recorder(Promise.resolve({ record: () => committed }), () =>
      expect.unreachable(),
    );
    recorder.record(shown('a'));
    let isIdle = false;
    const idle = recorder.idle().then(() => (isIdle = true));
    await Promise.resolve();
    expect(isIdle).toBe(false);
    commit();
    await idle;
    expect(isIdle).toBe(true);
  });

  test('reports each event that could not be kept, and goes on', async () => {
    const lost: unknown[] = [];
    const kept: FeedbackEvent[] = [];
    const full = new Error('The disk is full.');
    const store = {
      record(event: FeedbackEvent): Promise<void> {
        if (event.kind === 'shown' && event.suggestionId === 'b') return Promise.reject(full);
        kept.push(event);
        return Promise.resolve();
      },
    };
    const recorder = new Recorder(Promise.resolve(store), (error) => lost.push(error));
    for (const id of ['a', 'b', 'c']) recorder.record(shown(id));
    await recorder.idle();
    expect(lost).toEqual([full]);
    expect(kept).toEqual([shown('a'), shown('c')]);
  });
});
