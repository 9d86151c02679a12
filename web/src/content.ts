import { ContentError } from "./errors.ts";
import { body, request } from "./http.ts";

/** A file that is named by its content: `<name>.bin`, name being the first 32 or all 64 hex digits of its SHA-256. */
export interface FileRef {
  name: string;
  bytes: number;
}

export interface FetchOptions {
  signal?: AbortSignal | undefined;
  /** Called with the change in bytes received; negative where a download starts over. */
  onBytes?: ((delta: number, cached: boolean) => void) | undefined;
}

const CACHE = "effir "; // with the folder's URL the name of its cache
const NAMED_LIMIT = 4 << 20;
const NO_CRYPTO = "files cannot be verified here: browsers offer SHA-256 to secure pages only; serve the page over https or from localhost";

/**
 * Files of one folder that are named by their content. Whatever it returns has
 * the promised hash, wherever it came from. Files are kept in the Cache API
 * where there is one, so that a later visit downloads nothing. What the browser
 * evicts, or never stored because the disk is full, is fetched again.
 */
export class Store {
  private constructor(readonly folder: URL, private readonly cache: Cache | undefined) {}

  /** open returns the store of a folder, whose URL ends in a slash. */
  static async open(folder: URL): Promise<Store> {
    if (!globalThis.crypto?.subtle) throw new ContentError(NO_CRYPTO);
    // A full disk or a private window may refuse the cache: it is a convenience.
    const cache = await globalThis.caches?.open(`${CACHE}${folder.href}`).catch(() => undefined);
    return new Store(folder, cache);
  }

  /**
   * named fetches a small file whose name does not say what it holds, such as
   * index.json, and asks the server each time whether it is new. One that parse
   * refuses is fetched once more, past the HTTP cache. If the server cannot be
   * reached, what an earlier visit got counts.
   */
  async named<T>(name: string, parse: (bytes: Uint8Array<ArrayBuffer>) => T, signal?: AbortSignal): Promise<T> {
    const url = new URL(name, this.folder).href;
    const attempt = async (cache: RequestCache): Promise<T> => {
      const bytes = await body(await request(url, { cache, ...(signal && { signal }) }), NAMED_LIMIT);
      const value = parse(bytes);
      this.put(url, bytes);
      return value;
    };
    try {
      return await attempt("no-cache");
    } catch (thrown) {
      if (!(thrown instanceof ContentError)) throw thrown;
      if (!thrown.retry && thrown.status === 0) return attempt("reload");
      if (!thrown.retry) throw thrown;
      const kept = await this.read(url);
      if (!kept) throw thrown;
      return parse(kept);
    }
  }

  /** get returns a file's verified content. Wrong bytes are fetched once more, past the HTTP cache, before it gives up. */
  async get(file: FileRef, options: FetchOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const url = this.url(file);
    const kept = await this.kept(url, file);
    options.signal?.throwIfAborted();
    if (kept) {
      options.onBytes?.(kept.length, true);
      return kept;
    }
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = await this.download(url, file, this.cache ? "no-store" : "default", options);
    } catch (thrown) {
      if (!(thrown instanceof ContentError && thrown.retry)) throw thrown;
      bytes = await this.download(url, file, "reload", options);
    }
    this.put(url, bytes);
    return bytes;
  }

  /** url returns where a file lies; query distinguishes what is kept of it in parts. */
  url(file: FileRef, query = ""): string {
    return new URL(`${file.name}.bin${query}`, this.folder).href;
  }

  /** find returns what is kept under a URL, unverified and unread. */
  async find(url: string): Promise<Response | undefined> {
    return this.cache?.match(url);
  }

  /** read returns what is kept under a URL, unverified. */
  async read(url: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      const entry = await this.find(url);
      return entry && new Uint8Array(await entry.arrayBuffer());
    } catch {
      return undefined;
    }
  }

  /** write keeps bytes under a URL if there is room. */
  async write(url: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const headers = { "Content-Type": url.endsWith(".json") ? "application/json" : "application/octet-stream" };
    await this.cache?.put(url, new Response(bytes, { headers })).catch(() => {});
  }

  async forget(url: string): Promise<void> {
    await this.cache?.delete(url).catch(() => false);
  }

  /** keptOf returns the URLs under which a file or parts of it are kept. */
  async keptOf(file: FileRef): Promise<string[]> {
    const entries = await this.cache?.keys(this.url(file), { ignoreSearch: true }).catch(() => []);
    return (entries ?? []).map((entry) => entry.url);
  }

  /** prune forgets all content-named files but these. */
  async prune(keep: Iterable<string>): Promise<void> {
    const wanted = new Set(keep);
    for (const entry of (await this.cache?.keys().catch(() => [])) ?? []) {
      const name = /\/([0-9a-f]+)\.bin(?:\?|$)/.exec(entry.url)?.[1];
      if (name !== undefined && !wanted.has(name)) await this.forget(entry.url);
    }
  }

  // Nobody waits for the disk.
  private put(url: string, bytes: Uint8Array<ArrayBuffer>): void {
    void this.write(url, bytes);
  }

  private async kept(url: string, file: FileRef): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = await this.read(url);
    if (!bytes) return undefined;
    if (bytes.length === file.bytes && (await hasName(bytes, file.name))) return bytes;
    await this.forget(url);
    return undefined;
  }

  private async download(url: string, file: FileRef, cache: RequestCache, { signal, onBytes }: FetchOptions): Promise<Uint8Array<ArrayBuffer>> {
    let received = 0;
    const count = (delta: number): void => {
      received += delta;
      onBytes?.(delta, false);
    };
    try {
      const bytes = await body(await request(url, { cache, ...(signal && { signal }) }), file.bytes, count);
      if (bytes.length !== file.bytes) {
        throw new ContentError(`${url} was cut: ${bytes.length} of ${file.bytes} bytes arrived; upload the folder again`, true);
      }
      if (!(await hasName(bytes, file.name))) throw new WrongContent(url);
      signal?.throwIfAborted();
      return bytes;
    } catch (thrown) {
      count(-received);
      throw thrown;
    }
  }
}

/** forgetDownloads makes room for what cannot be fetched again; it says whether there was anything to forget. */
export async function forgetDownloads(): Promise<boolean> {
  const names = (await globalThis.caches?.keys().catch(() => [])) ?? [];
  const ours = names.filter((name) => name.startsWith(`${CACHE}http`));
  for (const name of ours) await caches.delete(name).catch(() => false);
  return ours.length > 0;
}

/** A file's bytes are others than promised. */
export class WrongContent extends ContentError {
  constructor(url: string) {
    super(`${url} does not have the content that its name promises; upload the folder again`, true);
  }
}

/** hasName says whether bytes have the hash, or the beginning of it, that a name gives. */
export async function hasName(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<boolean> {
  return name.length >= 32 && (await sha256(bytes)).startsWith(name);
}

/** sha256 returns the hash of bytes in lower-case hex. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
