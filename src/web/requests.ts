import { InputError, type InputProblem, messageOf } from '../errors.js';

/** A `Worker`. */
export interface PageWorker {
  addEventListener(type: 'message' | 'error', listener: (event: { data?: unknown; message?: string }) => void): void;
  postMessage(message: unknown): void;
  terminate(): void;
}

/** The global scope of a worker. */
export interface WorkerScope {
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  postMessage(message: unknown, transfer: readonly ArrayBufferLike[]): void;
}

type Reply<A, E> = { id: number; answer: A } | { id: number; failure: string | InputProblem } | { event: E };

/** The page's side: each request is answered once. */
export class Requests<Q, A, E = never> {
  private readonly waiting = new Map<number, { resolve: (answer: A) => void; reject: (error: Error) => void }>();
  private count = 0;
  private failure: Error | undefined;

  /** @param name of the worker in messages */
  constructor(
    private readonly worker: PageWorker,
    private readonly name: string,
    private readonly onEvent: (event: E) => void = () => undefined,
  ) {
    worker.addEventListener('message', ({ data }) => this.receive(data as Reply<A, E>));
    // A worker without memory or script answers nothing.
    worker.addEventListener('error', ({ message }) =>
      this.fail(new InputError(name, `the worker failed (${message ?? 'its script cannot be loaded'})`)),
    );
  }

  /** @throws {InputError} if the worker rejects the request, has failed or is stopped */
  send(request: Q): Promise<A> {
    if (this.failure) return Promise.reject(this.failure);
    const id = this.count++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, request });
    });
  }

  stop() {
    this.worker.terminate();
    this.fail(new InputError(this.name, 'stopped'));
  }

  private receive(reply: Reply<A, E>) {
    if ('event' in reply) return this.onEvent(reply.event);
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if ('answer' in reply) waiting?.resolve(reply.answer);
    else waiting?.reject(typeof reply.failure === 'string' ? new Error(reply.failure) : InputError.from(reply.failure));
  }

  private fail(error: Error) {
    this.failure ??= error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}

/**
 * The worker's side.
 * @param transferred buffers of an answer that move to the page
 * @returns a function that sends events
 */
export function answerRequests<Q, A, E = never>(
  scope: WorkerScope,
  handle: (request: Q) => Promise<A>,
  transferred: (answer: A) => readonly ArrayBufferLike[],
): (event: E) => void {
  const post = (reply: Reply<A, E>, buffers: readonly ArrayBufferLike[] = []) => scope.postMessage(reply, buffers);
  scope.addEventListener('message', ({ data }) => {
    const { id, request } = data as { id: number; request: Q };
    handle(request).then(
      (answer) => post({ id, answer }, transferred(answer)),
      (error: unknown) => post({ id, failure: error instanceof InputError ? error.data : messageOf(error) }),
    );
  });
  return (event) => post({ event });
}
