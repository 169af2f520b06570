/**
 * A rest the user asked for: until when Hone keeps quiet, remembered across a reload of the window.
 * Knows nothing of the editor beyond a place to remember one number.
 */
import type { Clock } from '../types';
import type { Disposable } from '../util/disposable';
import { Emitter, type Event } from '../util/event';

/** The piece of `vscode.Memento` that is needed. */
export interface Memory {
  get(key: string): unknown;
  update(key: string, value: unknown): Thenable<void>;
}

const key = 'snoozedUntilMs';

export class Snooze implements Disposable {
  readonly #clock: Clock;
  readonly #memory: Memory;
  readonly #changed = new Emitter<void>();
  #untilMs = 0;
  #cancelEnd: (() => void) | undefined;

  readonly onDidChange: Event<void> = this.#changed.event;

  constructor(clock: Clock, memory: Memory) {
    this.#clock = clock;
    this.#memory = memory;
    const remembered = memory.get(key);
    if (typeof remembered === 'number') this.#set(remembered);
  }

  /** Milliseconds since the epoch until which Hone rests; undefined when it does not. */
  get untilMs(): number | undefined {
    return this.#untilMs > this.#clock.now() ? this.#untilMs : undefined;
  }

  async start(durationMs: number): Promise<void> {
    this.#set(this.#clock.now() + durationMs);
    await this.#memory.update(key, this.#untilMs);
  }

  async end(): Promise<void> {
    this.#set(0);
    await this.#memory.update(key, 0);
  }

  #set(untilMs: number): void {
    this.#cancelEnd?.();
    this.#cancelEnd = undefined;
    this.#untilMs = untilMs;
    const remainingMs = untilMs - this.#clock.now();
    if (remainingMs > 0) {
      this.#cancelEnd = this.#clock.after(remainingMs, () => this.#changed.fire());
    }
    this.#changed.fire();
  }

  dispose(): void {
    this.#cancelEnd?.();
    this.#changed.dispose();
  }
}
