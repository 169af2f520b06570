/**
 * Ownership of things that must be ended: subscriptions, timers, processes. Whoever subscribes puts
 * the result in a DisposableStore and disposes that once. Shaped like the editor's own Disposable so
 * that both can be mixed, without importing it.
 */
export interface Disposable {
  dispose(): void;
}

export function toDisposable(dispose: () => void): Disposable {
  return { dispose };
}

/** Disposes what it holds in reverse order, once; what is added later is disposed at once. */
export class DisposableStore implements Disposable {
  readonly #items: Disposable[] = [];
  #disposed = false;

  add<T extends Disposable>(item: T): T {
    if (this.#disposed) item.dispose();
    else this.#items.push(item);
    return item;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const item of this.#items.splice(0).reverse()) item.dispose();
  }
}
