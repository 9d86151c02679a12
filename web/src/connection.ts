import { WorkerProcess } from "./process.ts";
import type { Call, Calls, Method, Problem, Reply, WorkerOptions } from "./protocol.ts";
import { connectionHeld, onConnectionChange } from "./thrift.ts";
import type { Status, Stored } from "./types.ts";

/** What a caller hears of a call. */
export interface Listener<M extends Method> {
  item?(item: Calls[M]["item"]): void;
  done(output: Calls[M]["out"]): void;
  failed(error: Error): void;
}

interface Pending {
  call: Call;
  listener: Listener<Method>;
  /** Lets go of the caller's signal. */
  release: () => void;
  tries: number;
}

const FIRST_STATUS: Status = {
  index: { stage: "loading", pages: 0, passages: 0, languages: {}, meaning: false },
  model: { stage: "waiting", name: "", loaded: 0, total: 0, cached: 0 },
  memory: 0,
  restarts: 0,
};

const CLOSED = "the search was closed";

/**
 * A worker with the calls that wait for it. A worker that dies, as on a phone
 * without memory, is started again with what it held, and asked again what was
 * pending. A call during which two workers died fails, and when a worker dies
 * before it answered anything no other one is started.
 */
export class Connection {
  status: Status = FIRST_STATUS;
  /** Documents of a local index, and where they are kept. */
  size = 0;
  storage: Stored = "memory";
  private worker: WorkerProcess;
  private readonly pending = new Map<number, Pending>();
  private readonly listeners = new Set<(status: Status) => void>();
  private readonly stopWatching: () => void;
  private lastId = 0;
  private deaths = 0;
  private answered = false;
  private wanted = false;
  private broken: Error | undefined;
  private opened: { resolve: () => void; reject: (error: Error) => void } | undefined;

  /** @internal use connect */
  private constructor(private readonly scripts: string[], private readonly options: Omit<WorkerOptions, "runtime" | "wanted" | "held" | "lock">) {
    this.worker = this.start();
    this.stopWatching = onConnectionChange((held) => this.worker.post({ type: "held", held }));
  }

  /** connect starts a worker from the first of the folders that one can be started from; it resolves when calls can be answered. */
  static async connect(
    runtimes: string[],
    options: Omit<WorkerOptions, "runtime" | "wanted" | "held" | "lock">,
    onProgress: ((status: Status) => void) | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Connection> {
    signal?.throwIfAborted();
    const connection = new Connection(runtimes, options);
    if (onProgress) connection.onStatus(onProgress);
    const abort = (): void => connection.fail(signal?.reason as Error);
    signal?.addEventListener("abort", abort);
    try {
      await new Promise<void>((resolve, reject) => {
        connection.opened = { resolve, reject };
        if (connection.broken) reject(connection.broken);
      });
    } finally {
      signal?.removeEventListener("abort", abort);
    }
    return connection;
  }

  onStatus(listener: (status: Status) => void): () => void {
    this.listeners.add(listener);
    listener(this.status);
    return () => this.listeners.delete(listener);
  }

  /** call starts a call and returns what cancels it. */
  call<M extends Method>(method: M, input: Calls[M]["in"], signal: AbortSignal | undefined, listener: Listener<M>): () => void {
    const id = ++this.lastId;
    const cancel = (): void => {
      if (this.settle(id)) this.worker.post({ type: "cancel", id });
    };
    if (this.broken) listener.failed(this.broken);
    else if (signal?.aborted) listener.failed(signal.reason as Error);
    else {
      const abort = (): void => {
        cancel();
        listener.failed(signal?.reason as Error);
      };
      signal?.addEventListener("abort", abort);
      const call = { type: "call", id, method, input } as Call;
      const release = (): void => signal?.removeEventListener("abort", abort);
      this.pending.set(id, { call, listener: listener as Listener<Method>, release, tries: 0 });
      this.worker.post(call);
    }
    return cancel;
  }

  /** ask is call for one answer. */
  ask<M extends Method>(method: M, input: Calls[M]["in"], signal?: AbortSignal, item?: (item: Calls[M]["item"]) => void): Promise<Calls[M]["out"]> {
    return new Promise((resolve, reject) => {
      this.call(method, input, signal, { done: resolve, failed: reject, ...(item && { item }) });
    });
  }

  close(): void {
    this.listeners.clear();
    this.fail(new Error(CLOSED));
  }

  private start(): WorkerProcess {
    return new WorkerProcess(this.scripts, {
      ready: (runtime, lock) => ({ ...this.options, runtime, lock, wanted: this.wanted, held: connectionHeld() }),
      reply: (reply) => this.receive(reply),
      died: (error) => this.died(error),
    });
  }

  private receive(reply: Reply): void {
    switch (reply.type) {
      case "hello":
      case "locked":
        return;
      case "opened":
        this.size = reply.size;
        this.storage = reply.storage;
        this.opened?.resolve();
        this.opened = undefined;
        return;
      case "refused":
        // A worker that was started again answers each call with the reason instead.
        if (this.opened) this.fail(revive(reply.error));
        return;
      case "status":
        this.size = reply.size;
        this.wanted = ["loading", "ready"].includes(reply.status.model.stage);
        this.show({ ...reply.status, restarts: reply.status.restarts + this.deaths });
        return;
      case "item":
        this.pending.get(reply.id)?.listener.item?.(reply.item as never);
        return;
      case "done":
        this.answered = true;
        this.settle(reply.id)?.listener.done(reply.output as never);
        return;
      case "failed":
        this.answered = true;
        this.settle(reply.id)?.listener.failed(revive(reply.error));
    }
  }

  private died(error: Error): void {
    if (this.broken) return;
    if (!this.answered) return this.fail(error);
    this.answered = false;
    this.deaths++;
    this.worker.end();
    for (const [id, pending] of this.pending) {
      if (++pending.tries > 1) this.settle(id)?.listener.failed(error);
    }
    this.worker = this.start();
    for (const { call } of this.pending.values()) this.worker.post(call);
  }

  private settle(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    pending?.release();
    return pending;
  }

  private fail(error: Error): void {
    if (this.broken) return;
    this.broken = error;
    this.worker.end();
    this.stopWatching();
    this.opened?.reject(error);
    for (const id of [...this.pending.keys()]) this.settle(id)?.listener.failed(error);
    const { index, model } = this.status;
    this.show({ ...this.status, index: { ...index, stage: "failed", error: error.message }, model: { ...model, stage: "failed", error: error.message } });
  }

  private show(status: Status): void {
    this.status = status;
    for (const listener of this.listeners) listener(status);
  }
}

/** revive makes an error of one that travelled. */
function revive({ name, message }: Problem): Error {
  const error = new Error(message);
  if (name !== "Error") error.name = name;
  return error;
}

