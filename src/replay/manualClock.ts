/** A clock turned by hand: time stands still until it is advanced, and then timers run in order. */
import type { Clock } from '../types';

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  /** Time since the clock was made, which no correction touches; timers go by it, as real ones do. */
  #elapsedMs = 0;
  #epochMs: number;

  constructor(epochMs: number) {
    this.#epochMs = epochMs;
  }

  /** Timers that have neither run nor been cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#epochMs + this.#elapsedMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { dueMs: this.#elapsedMs + Math.max(0, delayMs), run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets time pass; each timer that falls due sees the time at which it does. */
  advance(durationMs: number): void {
    const untilMs = this.#elapsedMs + durationMs;
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.dueMs - b.dueMs)[0];
      if (!next || next.dueMs > untilMs) break;
      this.#timers.delete(next);
      this.#elapsedMs = next.dueMs;
      next.run();
    }
    this.#elapsedMs = untilMs;
  }

  /** Lets time pass until `timeMs`, if it is not later already. */
  advanceTo(timeMs: number): void {
    if (timeMs > this.now()) this.advance(timeMs - this.now());
  }

  /** Puts the machine's clock right by `stepMs`, which may be negative. No time passes. */
  correct(stepMs: number): void {
    this.#epochMs += stepMs;
  }
}
