import { Store, WrongContent, sha256 } from "./content.ts";
import { ContentError, GuestError, GuestStopped, message } from "./errors.ts";
import type { Guest } from "./guest.ts";
import { parseModel, parsePages, type ModelManifest, type PageHashes, type Range } from "./manifest.ts";
import { Runtime } from "./runtime.ts";
import { Team, teamSize, type Outcome, type Supplies } from "./team.ts";
import type { Kernels, Kind, ModelStatus, Products } from "./types.ts";
import { Weights, type Image } from "./weights.ts";

/** Where model and modules come from. */
export interface MeaningOptions {
  runtime: string;
  model: string;
  kernels: Kernels | "auto";
  /** The most workers that embed; undefined: as the device allows. */
  threads: number | undefined;
}

/** What the model made of a text. */
export interface Embedding {
  vector: Float32Array<ArrayBuffer>;
  tokens: number;
  /** Milliseconds that the model took, and that the text waited for rows of the token table. */
  took: number;
  waited: number;
}

/** A model in a guest. All but the token table is in place once basics resolves. */
interface Loaded {
  guest: Guest;
  /** Aborted once another guest takes its place. */
  signal: AbortSignal;
  weights: Weights;
  team: Team;
  table: Range;
  basics: Promise<void>;
  /** The rest of the token table; made anew if it failed. */
  rest: Promise<void> | undefined;
  /** Whether the rest will be fetched in a moment. */
  restComes: boolean;
  /** tidy forgets the files of other models. */
  tidy: () => Promise<void>;
}

/** Milliseconds before the rest of the token table is fetched: the first text shares neither processor nor connection with it. */
const REST_AFTER = 250;

const OTHER_MODEL = "the index was made with another model than the one that is served: index the site again with this model, or serve the one it was made with";
const CLOSED = "the search was closed";

/**
 * Meaning turns texts into vectors. Nothing is fetched until start(). The model
 * can answer as soon as all but its token table is in place: the rows that a text
 * reads are fetched when it comes, the others in the background. A guest that
 * stops is replaced by a new one, once for each text that makes it stop.
 */
export class Meaning {
  readonly status: ModelStatus = { stage: "waiting", name: "", loaded: 0, total: 0, cached: 0 };
  /** SHA-256 of model.json, and the length of its vectors; known once the model is. */
  model = "";
  dims = 0;
  kernels: Kernels | undefined;
  products: Products | undefined;
  restarts = 0;
  private guestMemory = 0;
  private runtime: Promise<Runtime> | undefined;
  private loading: Promise<Loaded> | undefined;
  private life = new AbortController();
  private expected = "";
  private trustsPages = true;
  private team: Team | undefined; // of the guest that runs
  private embedded = 0; // by the guest that runs

  /** report is called whenever something has changed. */
  constructor(private readonly options: MeaningOptions, private readonly report: () => void) {}

  /** workers counts those that embed, this one included. */
  get workers(): number {
    return this.team?.workers ?? 1;
  }

  /** memory is the bytes of WebAssembly memory of them all. */
  get memory(): number {
    return this.guestMemory + (this.team?.memory ?? 0);
  }

  /** expect names the model that vectors were made with, by the SHA-256 of its model.json; "" fits any. */
  expect(model: string): void {
    if (model === this.expected) return;
    this.expected = model;
    if (!this.loading) return;
    const { stage } = this.status;
    this.reset("waiting");
    if (stage !== "failed") this.start();
  }

  /** start loads the model unless that has begun. */
  start(): void {
    if (this.loading || this.status.stage === "off") return;
    const life = (this.life = new AbortController());
    this.status.stage = "loading";
    delete this.status.error;
    this.report();
    this.loading = this.load(life.signal);
    this.loading.then(({ basics }) => basics).then(
      () => life.signal.aborted || this.show("ready"),
      (thrown: unknown) => this.failed(life, thrown),
    );
  }

  /** retry starts anew what had failed. */
  retry(): void {
    if (this.status.stage !== "failed") return;
    this.reset("waiting");
    this.start();
  }

  /** ready resolves when texts can be embedded. */
  async ready(): Promise<void> {
    await this.alive(async ({ basics }) => basics);
  }

  /** whole resolves when the token table is in place too, as it pays for many texts. */
  async whole(): Promise<void> {
    await this.wholeTeam();
  }

  /**
   * embedAll tells of every text its vector, or why the model refuses it, in any
   * order and by several workers where that pays. later: how many texts will
   * follow soon.
   */
  async embedAll(texts: string[], kind: Kind, later: number, signal: AbortSignal, done: (text: number, outcome: Outcome) => void): Promise<void> {
    const team = await this.wholeTeam();
    const own = async (text: string): Promise<Outcome> => {
      try {
        return (await this.embed(text, kind, signal)).vector;
      } catch (thrown) {
        if (thrown instanceof GuestError) return thrown;
        throw thrown;
      }
    };
    await team.embed({ texts, kind, later, own, done }, signal);
  }

  /** embed returns the vector of one text, of unit length. */
  async embed(text: string, kind: Kind, signal?: AbortSignal): Promise<Embedding> {
    return this.alive(async (loaded) => {
      const { guest, weights, basics } = loaded;
      signal?.throwIfAborted();
      const { tokens, rows } = this.call(guest, () => guest.reads(text, kind));
      const needed = weights.need(rows, signal ?? this.life.signal);
      needed.catch(() => {}); // should the basics fail first
      await basics;
      const began = performance.now();
      await needed;
      signal?.throwIfAborted();
      const waited = performance.now() - began;
      const run = performance.now();
      const vector = this.call(guest, () => guest.embed(text, kind));
      this.embedded++;
      this.restLater(loaded);
      return { vector, tokens, took: performance.now() - run, waited };
    });
  }

  close(): void {
    this.reset("off");
    this.life.abort(new Error(CLOSED));
  }

  /** alive runs work on the loaded model; if the guest is replaced meanwhile, once more on the new one. */
  private async alive<T>(work: (loaded: Loaded) => Promise<T>): Promise<T> {
    for (;;) {
      this.start();
      const { life } = this;
      try {
        if (!this.loading) throw new Error(this.status.error ?? CLOSED);
        return await work(await this.loading);
      } catch (thrown) {
        const ended = life.signal.aborted && thrown === life.signal.reason;
        const wrong = thrown instanceof WrongContent && (life !== this.life || this.trustsPages);
        if (!ended && !wrong) throw thrown;
        if (life === this.life) this.distrustPages();
      }
    }
  }

  private wholeTeam(): Promise<Team> {
    return this.alive(async (loaded) => {
      await loaded.basics;
      await this.restOf(loaded);
      return loaded.team;
    });
  }

  private async load(signal: AbortSignal): Promise<Loaded> {
    this.runtime ??= Runtime.load(new URL(this.options.runtime), this.options.kernels);
    this.runtime.catch(() => (this.runtime = undefined)); // the next attempt fetches again
    const starting = this.runtime.then((runtime) =>
      runtime.start(() => {
        this.products = runtime.products;
        this.report();
      }),
    );
    starting.catch(() => {}); // awaited below
    const store = await Store.open(new URL(this.options.model));
    const { manifest, bytes, pages } = await this.manifests(store, signal);

    // Files are read while the guest starts.
    const { table, tokenizer } = manifest;
    const { chunks } = manifest.weights;
    const placing = starting.then((guest): Image => {
      signal.throwIfAborted();
      const start = guest.model(bytes);
      return {
        write: (offset, page) => guest.writeWeights(start + offset, page),
        view: (offset, size) => guest.viewWeights(start + offset, size),
      };
    });
    placing.catch(() => {}); // awaited below
    let guest: Guest | undefined;
    const words = { loaded: 0, cached: 0 };
    const weights = new Weights(store, chunks, pages, placing, () => progress());
    const progress = (): void => {
      if (signal.aborted) return;
      this.status.loaded = weights.loaded + weights.arriving + words.loaded;
      this.status.cached = weights.cached + words.cached;
      if (guest) this.guestMemory = guest.memoryBytes;
      this.report();
    };
    this.status.name = manifest.name;
    this.status.total = manifest.weights.bytes + tokenizer.bytes;
    progress();

    const end = table.offset + table.bytes;
    const basics = weights.load([{ offset: 0, bytes: table.offset }, { offset: end, bytes: manifest.weights.bytes - end }], signal);
    basics.catch(() => {}); // start() reports it
    const onBytes = (delta: number, cached: boolean): void => {
      words.loaded += delta;
      if (cached) words.cached += delta;
      progress();
    };
    const [vocabulary, image] = await Promise.all([store.get(tokenizer, { signal, onBytes }), placing]);
    guest = await starting;
    const { kernelsName, modules } = await this.runtime;
    this.kernels = kernelsName;
    guest.tokenizer(vocabulary);
    progress();
    const supply = async (): Promise<Supplies> => {
      const outfit = { modules, manifest: bytes, tokenizer: await store.get(tokenizer, { signal }) };
      return { outfit, bytes: manifest.weights.bytes, view: image.view };
    };
    const team = (this.team = new Team(teamSize(this.options.threads), supply, this.report));
    const tidy = (): Promise<void> => store.prune([tokenizer, ...chunks].map((file) => file.name));
    const loaded: Loaded = { guest, signal, weights, team, table, basics, rest: undefined, restComes: false, tidy };
    basics.then(() => this.restLater(loaded), () => {});
    return loaded;
  }

  private async manifests(store: Store, signal: AbortSignal): Promise<{ manifest: ModelManifest; bytes: Uint8Array; pages: PageHashes | undefined }> {
    const listed = this.trustsPages ? store.named("pages.json", (bytes) => bytes, signal) : Promise.resolve(undefined);
    listed.catch(() => {});
    const { manifest, bytes } = await store.named("model.json", (bytes) => ({ manifest: parseModel(bytes), bytes }), signal);
    const model = await sha256(bytes);
    if (this.expected !== "" && this.expected !== model) throw new ContentError(OTHER_MODEL);
    this.model = model;
    this.dims = manifest.dims;
    const { chunks } = manifest.weights;
    const pages = await listed.then((text) => text && parsePages(text, model, chunks)).catch((thrown: unknown) => {
      if (thrown instanceof ContentError) return undefined; // it is a convenience
      throw thrown;
    });
    return { manifest, bytes, pages };
  }

  /** restOf loads what is missing of the token table; once it has failed, the next text tries again. */
  private restOf(loaded: Loaded): Promise<void> {
    loaded.rest ??= loaded.weights.load([loaded.table], loaded.signal).then(
      () => void loaded.tidy().catch(() => {}),
      (thrown: unknown) => {
        loaded.rest = undefined;
        if (this.maybePages(thrown)) this.distrustPages();
        throw thrown;
      },
    );
    return loaded.rest;
  }

  /** restLater is restOf behind the texts that come first. */
  private restLater(loaded: Loaded): void {
    if (loaded.rest || loaded.restComes) return;
    loaded.restComes = true;
    setTimeout(() => {
      loaded.restComes = false;
      if (!loaded.signal.aborted) this.restOf(loaded).catch(() => {});
    }, REST_AFTER);
  }

  /** call runs a call of the guest, and replaces a guest that it stopped. */
  private call<T>(guest: Guest, run: () => T): T {
    try {
      return run();
    } catch (thrown) {
      if (!(thrown instanceof GuestStopped)) throw thrown;
      const worked = this.embedded > 0;
      this.reset("waiting");
      this.restarts++;
      if (!worked) {
        this.show("failed", thrown.message);
        throw thrown;
      }
      this.start();
      throw new GuestStopped(`${thrown.message}; it was started again`);
    } finally {
      this.guestMemory = guest.memoryBytes;
    }
  }

  private failed(life: AbortController, thrown: unknown): void {
    if (life.signal.aborted) return;
    if (this.maybePages(thrown)) return this.distrustPages();
    this.reset("failed");
    this.show("failed", message(thrown));
  }

  /** maybePages says that an error may come of a pages.json that is wrong itself. */
  private maybePages(thrown: unknown): boolean {
    return thrown instanceof WrongContent && this.trustsPages;
  }

  /** distrustPages loads the model again, by whole chunks. */
  private distrustPages(): void {
    this.trustsPages = false;
    this.reset("waiting");
    this.start();
  }

  private reset(stage: ModelStatus["stage"]): void {
    this.life.abort(new Error("the model is being loaded again"));
    this.loading = undefined;
    this.embedded = 0;
    this.guestMemory = 0;
    this.team?.end();
    this.team = undefined;
    Object.assign(this.status, { loaded: 0, cached: 0 });
    delete this.status.error;
    this.show(stage);
  }

  private show(stage: ModelStatus["stage"], error?: string): void {
    this.status.stage = stage;
    if (error !== undefined) this.status.error = error;
    this.report();
  }
}
