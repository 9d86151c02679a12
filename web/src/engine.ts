import { BundleReplaced, loadBundle, type Loaded } from "./bundle.ts";
import { GuestStopped, message } from "./errors.ts";
import type { Answer, Guest, ModeName } from "./guest.ts";
import { loadModel } from "./model.ts";
import type { WorkerOptions } from "./protocol.ts";
import { Runtime } from "./runtime.ts";
import type { Kind, Status } from "./types.ts";

const NO_INDEX = "there is no search index: give open() the URL of one";
const NO_MODEL = "there is no model: give open() the URL of one";
const OTHER_MODEL = "these vectors were made by another model: index the passages with this one";
const STARTING = "the search engine is starting again; try once more";

/**
 * The worker's guest with what it holds. Index and model load side by side, and
 * searches are answered in between. A guest that stops is replaced by a new one,
 * into which everything is loaded again (from the cache); a part that made the
 * guest stop while it was loaded stays out.
 */
export class Engine {
  readonly status: Status;
  private readonly runtime: Promise<Runtime>;
  private guest: Guest | undefined;
  private held: Loaded | undefined;
  private modelId = ""; // SHA-256 of model.json; empty until known and once loading failed
  private life = new AbortController(); // of the current guest
  private firstIndex: Promise<void> = Promise.resolve();
  private model: Promise<void> = Promise.resolve();
  private refreshing: Promise<void> = Promise.resolve();
  private readonly stoppedBy = new Set<string>(); // parts that must not be tried again

  /** report is called whenever status has changed. */
  constructor(private readonly options: WorkerOptions, private readonly report: () => void) {
    this.status = {
      index: { stage: options.index ? "loading" : "off", passages: 0, vectors: 0 },
      model: { stage: options.model ? "loading" : "off", name: "", loaded: 0, total: 0, cached: 0 },
      restarts: 0,
    };
    this.runtime = Runtime.load(new URL(options.runtime), options.kernels);
    this.begin();
  }

  /** indexSettled resolves when the index is there or has failed to load. */
  indexSettled(): Promise<void> {
    return settled(() => this.firstIndex);
  }

  /** modelSettled resolves when the model is there, has failed to load or was never wanted. */
  modelSettled(): Promise<void> {
    return settled(() => this.model);
  }

  /** knowsMeaning says whether a fused search can add anything to a keyword search. */
  knowsMeaning(): boolean {
    return this.status.model.stage === "ready" && this.status.index.vectors > 0;
  }

  search(query: string, mode: ModeName, limit: number): Answer {
    const { stage, error } = this.status.index;
    if (stage !== "ready") throw new Error(error ?? NO_INDEX);
    return this.call((guest) => guest.search(query, mode, limit));
  }

  embed(text: string, kind: Kind): Float32Array<ArrayBuffer> {
    const { stage, error } = this.status.model;
    if (stage !== "ready") throw new Error(error ?? NO_MODEL);
    return this.call((guest) => guest.embed(text, kind));
  }

  /**
   * refresh looks for a newer index, and tries once more to load a model that
   * failed to. What the guest holds stays in use meanwhile.
   */
  refresh(): Promise<void> {
    const next = this.refreshing.catch(() => {}).then(async () => {
      await this.firstIndex;
      if (this.stoppedBy.has("index")) throw new Error(this.status.index.error);
      if (this.retryModel()) return this.firstIndex; // loads the newest index too
      const { life } = this;
      try {
        if (!this.guest) throw new Error(this.status.index.error ?? STARTING);
        await this.loadIndex(life, Promise.resolve(this.guest));
      } catch (thrown) {
        if (life.signal.aborted) return; // the restart loads the newest anyway
        if (thrown instanceof GuestStopped) this.restart();
        if (!(thrown instanceof BundleReplaced)) throw thrown;
        this.restart();
        await this.firstIndex;
      }
    });
    this.refreshing = next;
    return next;
  }

  /** retryModel begins to load a failed model again; it says whether that took a new guest. */
  private retryModel(): boolean {
    const { guest, life } = this;
    const { model } = this.status;
    if (model.stage !== "failed" || !guest || this.stoppedBy.has("model")) return false;
    model.stage = "loading";
    delete model.error;
    if (!guest.fresh) {
      this.restart();
      return true;
    }
    this.model = this.part("model", life, () => this.loadModel(life, guest));
    return false;
  }

  private call<T>(run: (guest: Guest) => T): T {
    if (!this.guest) throw new Error(STARTING);
    try {
      return run(this.guest);
    } catch (thrown) {
      if (!(thrown instanceof GuestStopped)) throw thrown;
      this.restart();
      throw new GuestStopped(`${thrown.message}; it was started again`);
    }
  }

  private restart(): void {
    this.life.abort();
    this.guest = this.held = undefined;
    this.modelId = "";
    this.status.restarts++;
    this.begin();
  }

  /** begin starts a guest and loads into it whatever has not failed. */
  private begin(): void {
    const life = (this.life = new AbortController());
    const started = this.runtime.then(async (runtime) => {
      const guest = await runtime.start();
      life.signal.throwIfAborted();
      this.status.kernels = runtime.kernelsName;
      this.guest = guest;
      this.report();
      return guest;
    });
    started.catch(() => {}); // each part reports it
    this.firstIndex = this.part("index", life, () => this.loadIndex(life, started));
    this.model = this.part("model", life, () => started.then((guest) => this.loadModel(life, guest)));
  }

  /** part runs a load and records its failure; it never rejects. */
  private async part(name: "index" | "model", life: AbortController, load: () => Promise<void>): Promise<void> {
    const state = this.status[name];
    if (state.stage === "off" || state.stage === "failed") return;
    state.stage = "loading";
    this.report();
    try {
      await load();
    } catch (thrown) {
      if (life.signal.aborted) return;
      if (name === "model") this.modelId = "";
      this.status[name].stage = "failed";
      this.status[name].error = message(thrown);
      if (thrown instanceof GuestStopped) {
        this.stoppedBy.add(name);
        this.restart();
      }
      this.report();
    }
  }

  private async loadIndex(life: AbortController, starting: Promise<Guest>): Promise<void> {
    if (!this.options.index) throw new Error(NO_INDEX);
    const loaded = await loadBundle(new URL(this.options.index), starting, this.held, (model) => this.fits(model), life.signal);
    life.signal.throwIfAborted();
    this.held = loaded;
    this.showIndex(loaded);
  }

  /** fits says whether vectors can be of the model; whichever manifest arrives second is compared. */
  private fits(vectorsModel: string): boolean {
    return this.modelId === "" || vectorsModel === "" || vectorsModel === this.modelId;
  }

  private showIndex({ passages, vectors, model, files }: Loaded): void {
    const fits = this.fits(model);
    this.status.index = { stage: "ready", passages, vectors: fits && files.vectors ? vectors : 0 };
    if (!fits) this.status.index.vectorsError = OTHER_MODEL;
    this.report();
  }

  private async loadModel(life: AbortController, guest: Guest): Promise<void> {
    const folder = new URL(this.options.model!);
    const { model } = this.status;
    const identify = (sha256: string): void => {
      if (life.signal.aborted) return;
      this.modelId = sha256;
      if (this.held) this.showIndex(this.held);
    };
    await loadModel(folder, guest, identify, (state) => {
      if (life.signal.aborted) return;
      Object.assign(model, state);
      this.report();
    }, life.signal);
    life.signal.throwIfAborted();
    model.stage = "ready";
    this.report();
  }
}

/** settled waits for a load, and for the one that took its place if the guest was replaced meanwhile. */
async function settled(current: () => Promise<void>): Promise<void> {
  let awaited: Promise<void>;
  do {
    awaited = current();
    await awaited;
  } while (awaited !== current());
}
