import { ContentError, isAbort, message } from "./errors.ts";

/** A file that is named by its content: `<sha256>.bin`. */
export interface FileRef {
  sha256: string;
  bytes: number;
}

export interface FetchOptions {
  signal?: AbortSignal;
  /** Called with the change in bytes received; negative where a download starts over. */
  onBytes?: (delta: number, cached: boolean) => void;
}

const PARALLEL = 4;
const MANIFEST_LIMIT = 4 << 20;
const NO_CRYPTO = "files cannot be verified here: browsers offer SHA-256 to secure pages only; serve the page over https or from localhost";

/**
 * Files of one folder that are named by their content. Whatever it returns has
 * the promised hash, wherever it came from. Files are kept in the Cache API
 * where there is one, so that a broken download goes on with the next file and a
 * later visit downloads nothing.
 */
export class Store {
  private constructor(private readonly folder: URL, private readonly cache: Cache | undefined) {}

  /** open returns the store of a folder, whose URL ends in a slash. */
  static async open(folder: URL): Promise<Store> {
    if (!globalThis.crypto?.subtle) throw new ContentError(NO_CRYPTO);
    // A full disk or a private window may refuse the cache: it is a convenience.
    const cache = await globalThis.caches?.open(`effir ${folder.href}`).catch(() => undefined);
    return new Store(folder, cache);
  }

  /** manifest fetches a small JSON file, always asking the server whether it is new. */
  async manifest(name: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const url = new URL(name, this.folder);
    const response = await request(url, { cache: "no-cache", signal: signal ?? null });
    return readBody(response, name, MANIFEST_LIMIT, () => {});
  }

  /** get returns a file's verified content. Wrong bytes are fetched once more before it gives up. */
  async get(file: FileRef, options: FetchOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const url = this.url(file);
    const kept = await this.fromCache(url, file);
    if (kept) {
      options.onBytes?.(kept.length, true);
      return kept;
    }
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = await this.download(url, file, this.cache ? "no-store" : "default", options);
    } catch (thrown) {
      if (!(thrown instanceof ContentError && thrown.retry)) throw thrown;
      bytes = await this.download(url, file, "reload", options); // past what an HTTP cache holds
    }
    const headers = { "Content-Type": "application/octet-stream" };
    await this.cache?.put(url, new Response(bytes, { headers })).catch(() => {}); // the disk may be full
    return bytes;
  }

  /** prune forgets all files but these. */
  async prune(keep: FileRef[]): Promise<void> {
    const wanted = new Set(keep.map((file) => this.url(file)));
    for (const entry of (await this.cache?.keys()) ?? []) {
      if (!wanted.has(entry.url)) await this.cache?.delete(entry);
    }
  }

  private url(file: FileRef): string {
    return new URL(`${file.sha256}.bin`, this.folder).href;
  }

  private async fromCache(url: string, file: FileRef): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const entry = await this.cache?.match(url).catch(() => undefined);
    if (!entry) return undefined;
    const bytes = new Uint8Array(await entry.arrayBuffer());
    if (await verified(bytes, file)) return bytes;
    await this.cache?.delete(url);
    return undefined;
  }

  private async download(url: string, file: FileRef, cache: RequestCache, options: FetchOptions): Promise<Uint8Array<ArrayBuffer>> {
    let received = 0;
    const count = (delta: number): void => {
      received += delta;
      options.onBytes?.(delta, false);
    };
    const name = `${file.sha256.slice(0, 12)}….bin`;
    try {
      const response = await request(new URL(url), { cache, signal: options.signal ?? null });
      const bytes = await readBody(response, name, file.bytes, count);
      if (bytes.length !== file.bytes) {
        throw new ContentError(`${url} was cut: ${bytes.length} of ${file.bytes} bytes arrived; upload the folder again`, true);
      }
      if (!(await verified(bytes, file))) {
        throw new ContentError(`${url} does not have the content that its name promises; upload the folder again`, true);
      }
      return bytes;
    } catch (thrown) {
      count(-received);
      throw thrown;
    }
  }
}

/** getAll hands the files' contents to `take` as they come, a few at a time, in any order. */
export async function getAll(
  store: Store,
  files: FileRef[],
  take: (index: number, bytes: Uint8Array<ArrayBuffer>) => void,
  options: FetchOptions = {},
): Promise<void> {
  const failed = new AbortController(); // one file's failure ends the others
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < files.length) {
      const index = next++;
      const bytes = await store.get(files[index]!, { ...options, signal });
      signal.throwIfAborted();
      take(index, bytes);
    }
  };
  const lanes = Array.from({ length: Math.min(PARALLEL, files.length) }, () =>
    lane().catch((thrown: unknown) => {
      failed.abort();
      throw thrown;
    }),
  );
  const outcomes = await Promise.allSettled(lanes);
  options.signal?.throwIfAborted();
  const reasons = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  const cause = reasons.find((reason) => !isAbort(reason)) ?? reasons[0];
  if (cause) throw cause;
}

/** request fetches, and turns every way to fail into an error that says what to do. */
async function request(url: URL, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (thrown) {
    if (isAbort(thrown)) throw thrown;
    throw new ContentError(`${url} could not be fetched (${message(thrown)}); check the connection and try again`, true);
  }
  if (response.ok) return response;
  await response.body?.cancel();
  const remedy = response.status === 404 ? "it is missing on the server; upload the folder again" : "try again later";
  throw new ContentError(`${url} answered ${response.status}: ${remedy}`, response.status >= 500);
}

/** readBody reads at most limit bytes and refuses more. */
async function readBody(
  response: Response,
  name: string,
  limit: number,
  count: (delta: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    const reader = response.body!.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      count(value.length);
      if (size > limit) {
        await reader.cancel();
        throw new ContentError(`${name} from ${response.url} is longer than the ${limit} bytes it should have; upload the folder again`, true);
      }
      parts.push(value);
    }
  } catch (thrown) {
    if (thrown instanceof ContentError || isAbort(thrown)) throw thrown;
    throw new ContentError(`${response.url} broke off after ${size} bytes (${message(thrown)}); try again`, true);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

async function verified(bytes: Uint8Array<ArrayBuffer>, file: FileRef): Promise<boolean> {
  if (bytes.length !== file.bytes) return false;
  return (await sha256(bytes)) === file.sha256;
}

/** sha256 returns the hash of bytes in lower-case hex. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
