import { fileOf, isOther, otherBuild } from "./build.ts";
import type { Reply, Request, WorkerOptions } from "./protocol.ts";

/** What the owner of a worker hears and must know. */
export interface Owner {
  /** The options to open the worker with, once it has been started from a folder. */
  ready(runtime: string, lock: string): WorkerOptions;
  reply(reply: Reply): void;
  /** The worker has ended by itself. It is called once at most, and not after end(). */
  died(error: Error): void;
}

const SCRIPT = "worker.js";

/**
 * One Web Worker, started from the first of several folders that has its script.
 * A worker that the browser ends, for want of memory say, tells nobody: its death
 * shows in that the lock which it holds is free again.
 */
export class WorkerProcess {
  private worker: Worker | undefined;
  private opened = false;
  private ended = false;
  private readonly queue: Request[] = [];
  private readonly waiting = new AbortController();
  private readonly lock = navigator.locks ? `effir worker ${Date.now()} ${Math.random()}` : "";

  constructor(private readonly folders: string[], private readonly owner: Owner) {
    this.tryFolder(0, undefined);
  }

  post(request: Request): void {
    if (this.opened) this.worker?.postMessage(request);
    else this.queue.push(request);
  }

  end(): void {
    this.ended = true;
    this.worker?.terminate();
    this.waiting.abort();
  }

  private tryFolder(number: number, before: Error | undefined): void {
    const folder = this.folders[number];
    if (folder === undefined) {
      // Later, as the owner is not yet complete.
      void Promise.resolve().then(() => this.die(before ?? noWorker(this.folders)));
      return;
    }
    const url = fileOf(SCRIPT, folder).href;
    let worker: Worker;
    try {
      worker = new Worker(url, { type: "module", name: "effir" });
    } catch (thrown) {
      // Another origin, or the page's Content-Security-Policy.
      return this.tryFolder(number + 1, new Error(`browsers start no worker from ${url} on this page (${String(thrown)}); ${REMEDY}`));
    }
    this.worker = worker;
    let alive = false;
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      if (!alive && isOther(data.type === "hello" ? data.build : undefined)) {
        worker.onmessage = null;
        worker.terminate();
        return this.tryFolder(number + 1, new Error(otherBuild(url)));
      }
      if (!alive) this.open(folder);
      alive = true;
      if (data.type === "locked") this.watch();
      else this.owner.reply(data);
    };
    worker.onmessageerror = () => this.die(new Error("a message of the search worker could not be read"));
    worker.onerror = (event) => {
      event.preventDefault?.();
      if (alive) return this.die(new Error(`the search worker failed: ${event.message}`));
      worker.terminate();
      if (!this.ended) this.tryFolder(number + 1, before ?? new Error(`the search worker could not be started: ${event.message || `${url} could not be loaded`}; ${REMEDY}`));
    };
  }

  private open(folder: string): void {
    this.opened = true;
    this.worker?.postMessage({ type: "open", options: this.owner.ready(folder, this.lock) } satisfies Request);
    for (const request of this.queue) this.post(request);
  }

  /** watch waits for the lock that the worker has by now. */
  private watch(): void {
    navigator.locks
      .request(this.lock, { signal: this.waiting.signal }, () => this.die(new Error("the browser ended the search worker, most likely for want of memory")))
      .catch(() => {}); // end() was called
  }

  private die(error: Error): void {
    if (this.ended) return;
    this.end();
    this.owner.died(error);
  }
}

const REMEDY = "serve worker.js from the page's own origin and name its folder in the option runtime";

function noWorker(folders: string[]): Error {
  return new Error(`there is no folder on the page's own origin to start the search worker from (${folders.join(", ") || "none"}); ${REMEDY}`);
}
