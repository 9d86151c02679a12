import { Store, sha256 } from "./content.ts";
import { ContentError, isMissing, message } from "./errors.ts";
import { inUse, pruneSite } from "./prune.ts";
import type { Searchable } from "./session.ts";
import { parseSiteManifest, Site, type SiteAnswer, type SiteManifest, type SiteQuery } from "./site/index.ts";
import type { FilterValue, Hit, IndexStatus } from "./types.ts";

const NO_INDEX = "there is no index: open() was given none";

/**
 * A site's index on a static host. When the site was published anew and files of
 * the version in use have vanished, the new version takes its place.
 */
export class SiteIndex implements Searchable {
  readonly status: IndexStatus = { stage: "loading", pages: 0, passages: 0, languages: {}, meaning: false };
  readonly size = 0;
  private store: Store | undefined;
  private site: Site | undefined;
  private version = ""; // SHA-256 of index.json
  private reloading: Promise<boolean> | undefined;
  private letGo: () => void = () => {};
  private tidied = "";

  /** folder is a URL; empty: there is no index. found is called with each version of the manifest that is taken into use. */
  constructor(private readonly folder: string, private readonly found: (manifest: SiteManifest) => void) {}

  /** load opens the index; a failure is recorded and thrown. */
  async load(): Promise<void> {
    if (this.folder === "") {
      this.status.stage = "off";
      return;
    }
    try {
      await this.refresh();
    } catch (thrown) {
      Object.assign(this.status, { stage: "failed", error: message(thrown) });
      throw thrown;
    }
  }

  get hasVectors(): boolean {
    return this.site?.manifest.vectors !== undefined;
  }

  async search(query: SiteQuery): Promise<SiteAnswer> {
    const answer = await this.onSite((site) => site.search(query));
    if (!this.hasVectors) void this.tidy();
    return { ...answer, hits: this.resolve(answer.hits) };
  }

  async prepare(signal: AbortSignal): Promise<void> {
    await this.onSite((site) => site.loadMeaning(signal));
    void this.tidy();
  }

  async related(page: number, limit: number, signal: AbortSignal): Promise<Hit[]> {
    return this.resolve((await this.onSite((site) => site.related(page, { limit, signal }))).hits);
  }

  filters(signal: AbortSignal): Promise<Record<string, FilterValue[]>> {
    return this.onSite((site) => site.filters(signal));
  }

  /** refresh takes over the newest version; it says whether that is another one than was in use. */
  refresh(): Promise<boolean> {
    this.reloading ??= this.reload().finally(() => (this.reloading = undefined));
    return this.reloading;
  }

  private async reload(): Promise<boolean> {
    if (this.folder === "") return false;
    const store = (this.store ??= await Store.open(new URL(this.folder)));
    const { manifest, bytes } = await store.named("index.json", (bytes) => ({ manifest: parseSiteManifest(bytes), bytes }));
    const version = await sha256(bytes);
    if (version === this.version) return false;
    const fetcher = { get: (file: { name: string; bytes: number }, signal: AbortSignal) => store.get(file, { signal }) };
    const site = await Site.open(fetcher, manifest);
    this.letGo();
    this.letGo = inUse(store, version);
    this.site?.close();
    [this.site, this.version] = [site, version];
    const { pages, passages, languages, vectors } = manifest;
    Object.assign(this.status, { stage: "ready", pages, passages, languages, meaning: vectors !== undefined });
    delete this.status.error;
    this.found(manifest);
    return true;
  }

  /** onSite runs work on the site, and again on its newer version if files of this one are gone. */
  private async onSite<T>(work: (site: Site) => Promise<T>): Promise<T> {
    const { site } = this;
    if (!site) throw new Error(this.status.error ?? NO_INDEX);
    try {
      return await work(site);
    } catch (thrown) {
      if (this.site === site && !(isMissing(thrown) && (await this.newer()))) throw thrown;
      return work(this.site!);
    }
  }

  /** newer looks for another version; without an answer of the server there is none. */
  private async newer(): Promise<boolean> {
    try {
      return await this.refresh();
    } catch (thrown) {
      if (thrown instanceof ContentError) return false;
      throw thrown;
    }
  }

  /** tidy forgets files of older versions, once for each version. */
  private async tidy(): Promise<void> {
    const { site, store, version } = this;
    if (!site || !store || this.tidied === version) return;
    this.tidied = version;
    // Tidiness is no reason to fail.
    const done = await pruneSite(store, version, site.manifest).catch(() => false);
    if (!done && this.tidied === version) this.tidied = "";
  }

  /** resolve makes the URLs of hits absolute; stored ones are relative to index.json. */
  private resolve(hits: Hit[]): Hit[] {
    return hits.map((hit) => ({
      ...hit,
      url: absolute(hit.url, this.folder),
      ...(hit.image !== undefined && { image: absolute(hit.image, this.folder) }),
      passages: hit.passages.map((passage) => ({ ...passage, url: absolute(passage.url, this.folder) })),
    }));
  }
}

/** absolute resolves a URL of the index, of which only the last fragment counts; what would run code or is no URL becomes empty. */
function absolute(url: string, base: string): string {
  const [place = "", ...fragments] = url.split("#");
  const fragment = fragments.at(-1);
  try {
    const resolved = new URL(fragment === undefined ? place : `${place}#${fragment}`, base);
    return /^(javascript|data|vbscript|blob):$/.test(resolved.protocol) ? "" : resolved.href;
  } catch {
    return "";
  }
}
