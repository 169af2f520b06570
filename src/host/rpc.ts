/**
 * Requests, answers, progress and cancellation over any two-way channel of messages. It knows the
 * shape of the protocol but none of its methods' meaning, and neither starts nor ends processes.
 */
import type { Clock } from '../types';
import type { Disposable } from '../util/disposable';
import { type Event, Emitter } from '../util/event';
import {
  HostError,
  type Message,
  type MethodName,
  type Params,
  type Progress,
  type RequestMessage,
  type Result,
  fromWireError,
  toWireError,
} from './protocol';

/** One end of a channel. Messages arrive in the order sent, or not at all once it is closed. */
export interface Channel {
  send(message: Message): void;
  readonly onMessage: Event<Message>;
}

export interface CallOptions<M extends MethodName> {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress<M>) => void;
  /** Rejects with HostError `timeout` after this long; no limit when left out. */
  readonly timeoutMs?: number;
}

export type Call = <M extends MethodName>(
  method: M,
  params: Params<M>,
  options?: CallOptions<M>,
) => Promise<Result<M>>;

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
  progress(value: unknown): void;
}

/** The asking side. Every call settles exactly once, at the latest when the client is closed. */
export class RpcClient {
  readonly #pending = new Map<number, Pending>();
  readonly #subscription: Disposable;
  #nextId = 1;
  #closed: Error | null = null;

  constructor(
    private readonly channel: Channel,
    private readonly clock: Clock,
  ) {
    this.#subscription = channel.onMessage((message) => this.#receive(message));
  }

  readonly call: Call = (method, params, options = {}) => {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    const { signal, onProgress, timeoutMs } = options;
    if (signal?.aborted === true) return Promise.reject(aborted());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.channel.send({ kind: 'cancel', id });
        settle(() => reject(aborted()));
      };
      const stopTimer =
        timeoutMs === undefined
          ? undefined
          : this.clock.after(timeoutMs, () => {
              this.channel.send({ kind: 'cancel', id });
              settle(() =>
                reject(
                  new HostError('timeout', `The model host gave no answer in ${timeoutMs} ms.`),
                ),
              );
            });
      const settle = (how: () => void): void => {
        this.#pending.delete(id);
        stopTimer?.();
        signal?.removeEventListener('abort', onAbort);
        how();
      };
      this.#pending.set(id, {
        // The other side answers with the method's own result; both sides import one protocol.
        resolve: (value) => settle(() => resolve(value as Result<typeof method>)),
        reject: (error) => settle(() => reject(error)),
        progress: (value) => onProgress?.(value as Progress<typeof method>),
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      this.channel.send({ kind: 'request', id, method, params } as RequestMessage);
    });
  };

  /** Rejects what is pending and everything asked from now on. */
  close(reason: Error): void {
    if (this.#closed !== null) return;
    this.#closed = reason;
    this.#subscription.dispose();
    for (const pending of [...this.#pending.values()]) pending.reject(reason);
  }

  #receive(message: Message): void {
    switch (message.kind) {
      case 'result':
        this.#pending.get(message.id)?.resolve(message.value);
        break;
      case 'error':
        this.#pending.get(message.id)?.reject(fromWireError(message.error));
        break;
      case 'progress':
        this.#pending.get(message.id)?.progress(message.value);
        break;
      case 'request':
      case 'cancel':
        break;
    }
  }
}

export interface HandlerContext<M extends MethodName> {
  readonly signal: AbortSignal;
  readonly progress: (value: Progress<M>) => void;
}

export type Handlers = {
  readonly [M in MethodName]: (
    params: Params<M>,
    context: HandlerContext<M>,
  ) => Promise<Result<M>> | Result<M>;
};

/** The answering side: runs a handler for each request and sends back what it gives or throws. */
export function serve(channel: Channel, handlers: Handlers): Disposable {
  const running = new Map<number, AbortController>();

  const answer = async (request: RequestMessage): Promise<void> => {
    const { id } = request;
    const abort = new AbortController();
    running.set(id, abort);
    const context = {
      signal: abort.signal,
      progress: (value: unknown) => channel.send({ kind: 'progress', id, value }),
    };
    try {
      // The request's method and params belong together by type, which an index cannot express.
      const handler = handlers[request.method] as (
        params: unknown,
        context: HandlerContext<MethodName>,
      ) => unknown;
      channel.send({ kind: 'result', id, value: await handler(request.params, context) });
    } catch (error) {
      channel.send({ kind: 'error', id, error: toWireError(error) });
    } finally {
      running.delete(id);
    }
  };

  return channel.onMessage((message) => {
    if (message.kind === 'request') void answer(message);
    else if (message.kind === 'cancel') running.get(message.id)?.abort();
  });
}

/**
 * Two ends of a channel in one process. Every message is cloned as it would be between processes,
 * so that nothing works here that would fail there.
 */
export function loopback(): readonly [Channel, Channel] {
  const left = new Emitter<Message>();
  const right = new Emitter<Message>();
  const end = (incoming: Emitter<Message>, outgoing: Emitter<Message>): Channel => ({
    onMessage: incoming.event,
    send(message) {
      const copy = structuredClone(message);
      setImmediate(() => outgoing.fire(copy));
    },
  });
  return [end(left, right), end(right, left)];
}

function aborted(): DOMException {
  return new DOMException('This operation was aborted', 'AbortError');
}
