import { GuestError } from "./errors.ts";
import type { Meaning } from "./meaning.ts";
import type { Held, WorkerOptions } from "./protocol.ts";
import type { SiteAnswer, SiteQuery } from "./site/index.ts";
import { pause, Typing } from "./turns.ts";
import type { IndexStatus, Kind, ModelStatus, Results, SearchOptions, Status } from "./types.ts";

/** The longest text, in UTF-16 units; a model reads far less of one. */
const MAX_TEXT = 1 << 20;

/** From so many texts on the whole token table is awaited instead of each text's rows, and several workers may embed. */
const MANY = 8;

/** What can be searched: a site's index or a local one. */
export interface Searchable {
  readonly status: IndexStatus;
  /** Documents of a local index. */
  readonly size: number;
  /** Whether there are vectors to compare with. */
  readonly hasVectors: boolean;
  search(query: SiteQuery): Promise<SiteAnswer>;
  /** prepare fetches what a search by meaning needs beside the model. */
  prepare(signal: AbortSignal): Promise<void>;
}

/**
 * Session is the worker's side of one index and its model. Searching by keyword
 * waits for no part of the model, which is loaded behind the first answer.
 */
export class Session {
  private held: Held;
  private readonly typing = new Typing();

  constructor(
    private readonly options: WorkerOptions,
    private readonly index: Searchable,
    private readonly meaning: Meaning,
    private readonly report: () => void,
  ) {
    this.held = options.held;
  }

  get status(): Status {
    const { kernels, products, memory, restarts, workers } = this.meaning;
    return { ...(kernels && { kernels }), ...(products && { products }), index: { ...this.index.status }, model: this.modelStatus(), memory, threads: workers, restarts };
  }

  setHeld(held: Held): void {
    this.held = held;
    this.report();
  }

  /** search sends keyword results, then fused ones, as the mode says. */
  async search(query: string, options: Omit<SearchOptions, "signal">, send: (results: Results) => void, signal: AbortSignal): Promise<void> {
    checkLength(query);
    const { mode = "auto", limit, filters, sort } = options;
    const rest = { limit, filters, sort, signal, highlight: query };
    let found: Results | undefined;
    if (mode !== "semantic") {
      const { hits, timings, transferred } = await this.index.search({ text: query, ...rest });
      const more = this.index.hasVectors && query.trim() !== "" && this.wantsMeaning(mode);
      found = { query, mode: "keyword", hits, timings, transferred, tokens: 0, final: !more };
      send(found);
      if (!more) return;
    } else if (!this.index.hasVectors) {
      throw new Error("the index has no vectors: it can be searched by keyword only");
    }

    const began = this.typing.began();
    try {
      this.startMeaning(mode !== "auto");
      const preparing = this.index.prepare(signal);
      preparing.catch(() => {}); // the search meets it again
      await this.typing.settled(began, signal);
      const { vector, tokens, took, waited } = await this.meaning.embed(query, "query", signal);
      await preparing;
      await pause();
      signal.throwIfAborted();
      const fused = await this.index.search({ text: mode === "semantic" ? "" : query, vector, ...rest });
      send({
        query, mode: mode === "semantic" ? "semantic" : "fused", hits: fused.hits, tokens, final: true,
        timings: {
          ...(found?.timings.keyword !== undefined && { keyword: found.timings.keyword }),
          ...(fused.timings.scan !== undefined && { scan: fused.timings.scan }),
          embed: took,
          fetch: (found?.timings.fetch ?? 0) + waited + (fused.timings.fetch ?? 0),
        },
        transferred: {
          files: (found?.transferred.files ?? 0) + fused.transferred.files,
          bytes: (found?.transferred.bytes ?? 0) + fused.transferred.bytes,
        },
      });
    } catch (thrown) {
      signal.throwIfAborted();
      if (!found) throw thrown;
      send({ ...found, final: true }); // the status says what is wrong with the model
    }
  }

  /** embed returns the vectors of texts in their order, letting other work in between. */
  async embed(texts: string[], kind: Kind, signal: AbortSignal): Promise<Float32Array<ArrayBuffer>[]> {
    texts.forEach(checkLength);
    this.startMeaning(true);
    const vectors: Float32Array<ArrayBuffer>[] = [];
    if (texts.length >= MANY) {
      let refused: GuestError | undefined;
      await this.meaning.embedAll(texts, kind, 0, signal, (text, outcome) => {
        if (outcome instanceof GuestError) refused ??= outcome;
        else vectors[text] = outcome;
      });
      if (refused) throw refused;
      return vectors;
    }
    for (const text of texts) {
      await pause();
      vectors.push((await this.meaning.embed(text, kind, signal)).vector);
    }
    return vectors;
  }

  /** resume loads the model that a worker before this one had begun to load. */
  resume(): void {
    if (this.options.wanted && this.options.meaning !== "never") this.meaning.start();
  }

  /** retry tries again what of the model had failed. */
  retry(): void {
    if (this.options.meaning !== "never") this.meaning.retry();
  }

  /** startsMeaning loads the model for work that was not asked to; it says whether it may and can be had. */
  startsMeaning(): boolean {
    if (!this.wantsMeaning("auto")) return false;
    this.meaning.start();
    return true;
  }

  /** loadMeaning resolves when the model can read queries. */
  async loadMeaning(signal: AbortSignal): Promise<void> {
    this.startMeaning(true);
    await Promise.all([this.meaning.ready(), this.index.hasVectors && this.index.prepare(signal)]);
  }

  /** wantsMeaning says whether a search goes on by meaning: if asked to, if the model is there, or if nothing speaks against loading it. */
  private wantsMeaning(mode: SearchOptions["mode"]): boolean {
    if (this.options.meaning === "never") return false;
    if (mode === "keyword") return false;
    if (mode !== "auto") return true;
    const { stage } = this.meaning.status;
    return stage === "ready" || stage === "loading" || (stage === "waiting" && !this.spares());
  }

  private spares(): boolean {
    return this.options.meaning === "auto" && this.held !== "" && this.held !== undefined;
  }

  /** startMeaning loads the model; asked: what failed before is tried again. */
  private startMeaning(asked: boolean): void {
    if (this.options.meaning === "never") throw new Error('search by meaning is off: open() was called with meaning: "never"');
    if (asked) this.meaning.retry();
    this.meaning.start();
  }

  private modelStatus(): ModelStatus {
    const status = { ...this.meaning.status };
    if (status.stage !== "waiting") return status;
    if (this.options.meaning === "never" || (this.index.status.stage === "ready" && !this.index.hasVectors)) status.stage = "off";
    else if (this.spares() && this.held) status.held = this.held;
    return status;
  }
}

export function checkLength(text: string): void {
  if (text.length > MAX_TEXT) throw new Error(`a text of ${text.length} characters is too long; the limit is ${MAX_TEXT}`);
}
