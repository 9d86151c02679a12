import { ContentError } from "../errors.ts";
import type { FilterValue, Hit, Timings } from "../types.ts";
import { type Directory, pageOf, parseDirectory, passageShardOf } from "./directory.ts";
import { allowedBy, type Filter, parseFilter, parseSort, valuesOf } from "./facets.ts";
import { type Candidate, fuse, FUSE_DEPTH, ofKeyword } from "./fuse.ts";
import { group, type Group, type Order } from "./group.ts";
import { highlighter } from "./highlight.ts";
import { type Allowed, keywordSums, topAllowed } from "./keyword.ts";
import { type Fetcher, Loader, Need, type Transferred } from "./loader.ts";
import type { SiteManifest } from "./manifest.ts";
import { type PassageShard, parsePassages } from "./passages.ts";
import type { Ref } from "./reader.ts";
import { scan } from "./semantic.ts";
import { parseVectors, type Vectors } from "./vectors.ts";

/** What to look for. */
export interface SiteQuery {
  /** Empty with a vector: by meaning alone. Empty without one, but with filters or sort: all pages that they let through. */
  text: string;
  /** The model's output for the text. Without it search is by keyword. */
  vector?: Float32Array | undefined;
  /** The most pages to return, 1 to 1000. Default 10. */
  limit?: number | undefined;
  /** For each key one of these values; all keys must fit. */
  filters?: Record<string, string | string[]> | undefined;
  /** Orders the pages found by a sort key instead of by score. */
  sort?: { by: string; descending?: boolean } | undefined;
  /** The last word may be unfinished. Default true. */
  typing?: boolean | undefined;
  /** What is highlighted. Default: text. */
  highlight?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface SiteAnswer {
  hits: Hit[];
  timings: Timings;
  /** Files that were not in memory. */
  transferred: Transferred;
}

const MAX_LIMIT = 1000;

/** A site's index, searched from files that are fetched when a query needs them. */
export class Site {
  private vectors: Vectors | undefined;

  private constructor(
    readonly manifest: SiteManifest,
    private readonly loader: Loader,
    private readonly directory: Directory,
  ) {}

  /** open fetches what every search needs. */
  static async open(fetcher: Fetcher, manifest: SiteManifest, signal?: AbortSignal): Promise<Site> {
    const loader = new Loader(fetcher);
    const directory = await loader.load(manifest.directory, parseDirectory, new Need(signal));
    if (directory.pages !== manifest.pages || directory.passages !== manifest.passages) {
      throw new ContentError("index.json: pages or passages are others than the directory says; upload the whole folder again");
    }
    return new Site(manifest, loader, directory);
  }

  /** search returns the best pages. It rejects with the signal's reason when that ends it. */
  async search(query: SiteQuery): Promise<SiteAnswer> {
    const { directory, loader, manifest } = this;
    const { text, vector } = query;
    const need = new Need(query.signal);
    const timings: Timings = {};
    const limit = Math.min(Math.max(query.limit ?? 10, 1), MAX_LIMIT);
    const depth = Math.max(FUSE_DEPTH, 10 * limit);

    let lap = need.worked();
    const [allowed, order, sums, vectors] = await Promise.all([
      this.allowed(query.filters ?? {}, need),
      this.order(query.sort, need),
      keywordSums(directory, loader, text, query.typing ?? true, need),
      vector && this.loadVectors(need),
    ]);
    const keyword = topAllowed(directory, sums, allowed, depth);
    timings.keyword = need.worked() - lap;

    let candidates: Candidate[];
    if (vector && vectors) {
      lap = need.worked();
      const found = await scan(directory, vectors, loader, vector, keyword, allowed, depth, need);
      candidates = fuse(manifest.fusion, keyword, found.ranking, found);
      timings.scan = need.worked() - lap;
    } else if (text.trim() === "" && (allowed || order)) {
      candidates = this.browse(allowed);
    } else {
      candidates = ofKeyword(keyword);
    }
    const groups = group(candidates, (doc) => pageOf(directory, doc), order).slice(0, limit);
    const hits = await this.hits(groups, query.highlight ?? text, need);
    timings.fetch = need.waited;
    return { hits, timings, transferred: need.transferred };
  }

  /** related returns the pages nearest in meaning to a page, as computed when the index was made. */
  async related(page: number, options: { limit?: number | undefined; signal?: AbortSignal | undefined } = {}): Promise<SiteAnswer> {
    if (!Number.isInteger(page) || page < 0 || page >= this.directory.pages) throw new ContentError(`related: there is no page ${page}; pass the page of a hit`);
    const need = new Need(options.signal);
    const shard = await this.shardOf(this.directory.firsts[page]!, need);
    const groups = shard.page(page).related.slice(0, options.limit).map((other) => {
      return { page: other, score: 0, keywordRank: 0, semanticRank: 0, passages: [this.firstPassage(other)] };
    });
    const hits = await this.hits(groups, "", need);
    return { hits, timings: { fetch: need.waited }, transferred: need.transferred };
  }

  /** filters returns the values of each filter key. */
  async filters(signal?: AbortSignal): Promise<Record<string, FilterValue[]>> {
    const need = new Need(signal);
    const keys = Array.from(this.manifest.filters.keys());
    const filters = await Promise.all(keys.map((key) => this.filter(key, need)));
    return Object.fromEntries(keys.map((key, i) => [key, valuesOf(filters[i]!)]));
  }

  /** loadMeaning fetches what every search by meaning needs, so that it is there when the vector is. */
  async loadMeaning(signal?: AbortSignal): Promise<void> {
    await this.loadVectors(new Need(signal));
  }

  /** close ends all requests; the site must not be used afterwards. */
  close(): void {
    this.loader.close(new DOMException("the index was closed", "AbortError"));
  }

  private async loadVectors(need: Need): Promise<Vectors> {
    const { vectors, passages } = this.manifest;
    if (!vectors) throw new ContentError("index.json: the index has no vectors; make it with a model to search by meaning");
    const parse = (raw: Uint8Array, file: string): Vectors => parseVectors(raw, file, passages, vectors.dims);
    return (this.vectors ??= await this.loader.load(vectors, parse, need));
  }

  private async allowed(filters: Record<string, string | string[]>, need: Need): Promise<Allowed> {
    const { pages } = this.directory;
    const masks = Object.entries(filters).map(async ([key, values]) => allowedBy(await this.filter(key, need), [values].flat(), pages));
    return (await Promise.all(masks)).reduce<Allowed>((all, mask) => all?.map((yes, page) => yes & mask[page]!) ?? mask, undefined);
  }

  private filter(key: string, need: Need): Promise<Filter> {
    const { pages } = this.directory;
    return this.loader.load(named(this.manifest.filters, "filter", key), (raw, file) => parseFilter(raw, file, pages), need);
  }

  private async order(sort: SiteQuery["sort"], need: Need): Promise<Order | undefined> {
    if (!sort?.by) return undefined;
    const { pages } = this.directory;
    const ref = named(this.manifest.sorts, "sort key", sort.by);
    return { ranks: await this.loader.load(ref, (raw, file) => parseSort(raw, file, pages), need), descending: sort.descending ?? false };
  }

  /** browse takes every allowed page by its first passage. */
  private browse(allowed: Allowed): Candidate[] {
    const pages = Array.from({ length: this.directory.pages }, (_, page) => page);
    return pages.filter((page) => !allowed || allowed[page]).map((page) => this.firstPassage(page));
  }

  private firstPassage(page: number): Candidate {
    return { doc: this.directory.firsts[page]!, score: 0, keywordRank: 0, semanticRank: 0 };
  }

  private shardOf(passage: number, need: Need): Promise<PassageShard> {
    const shard = passageShardOf(this.directory, passage);
    return this.loader.load(shard.ref, (raw, file) => parsePassages(raw, file, shard, this.directory), need);
  }

  private hits(groups: Group[], query: string, need: Need): Promise<Hit[]> {
    const highlight = highlighter(query);
    return Promise.all(
      groups.map(async (group) => {
        const shards = await Promise.all(group.passages.map(({ doc }) => this.shardOf(doc, need)));
        const { url, title, language, image, meta } = shards[0]!.page(group.page);
        const { page, score, keywordRank, semanticRank } = group;
        const passages = group.passages.map(({ doc, score }, i) => {
          const { heading, anchor, text } = shards[i]!.passage(doc);
          return { id: doc, url: withAnchor(url, anchor), heading, text, highlights: highlight(text), score };
        });
        return { page, url, title, language, ...(image && { image }), meta, score, keywordRank, semanticRank, passages };
      }),
    );
  }
}

/** withAnchor replaces the fragment of a URL reference, unless there is no anchor. */
function withAnchor(url: string, anchor: string): string {
  return anchor ? `${url.replace(/#.*/s, "")}#${encodeURI(anchor)}` : url;
}

function named(files: Map<string, Ref>, what: string, key: string): Ref {
  const ref = files.get(key);
  if (!ref) throw new ContentError(`there is no ${what} "${key}" in this index; it has ${[...files.keys()].join(", ") || "none"}`);
  return ref;
}
