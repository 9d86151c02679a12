import { sha256, WrongContent, type FileRef } from "./content.ts";
import { ContentError } from "./errors.ts";
import { cancel, parts, request } from "./http.ts";

/** Pages [from, to) of a chunk. */
export interface Run {
  from: number;
  to: number;
}

/** What a download must know of its chunk. */
export interface Paged {
  file: FileRef;
  pageBytes: number;
  hashes: string[];
  present: boolean[];
}

/** What a download tells while it goes on. */
export interface Receiver {
  /** A page has arrived and is what its hash promises; the bytes are only lent. */
  verified(page: number, bytes: Uint8Array): void;
  /** Bytes of a page that is not complete; negative when it is, or when it was lost. */
  arriving(delta: number): void;
  /** Called before more is read. */
  turn(): Promise<void> | undefined;
}

/** Failures without a single new page after which a download is given up. */
const TRIES = 3;
const FIRST_WAIT = 200; // milliseconds, doubled with each failure in a row
const LONGEST_WAIT = 5_000;
const MOST_FAILURES = 30;

/**
 * downloadRun fetches the pages of a run that are missing. A connection that
 * breaks off is taken up again at the first page that did not arrive, as long as
 * attempts bring something. Behind a fruitless one the next goes past the HTTP
 * cache, and the last without Range too, which some proxies spoil. A server that
 * answers with the whole file instead of a part is taken at its word.
 */
export async function downloadRun(url: string, chunk: Paged, run: Run, signal: AbortSignal, receiver: Receiver): Promise<void> {
  let fruitless = 0;
  let wait = FIRST_WAIT;
  for (let failures = 0; ; failures++) {
    const from = nextMissing(chunk, run);
    if (from === run.to) return;
    try {
      await attempt(url, chunk, { from, to: run.to }, signal, receiver, fruitless);
      return;
    } catch (thrown) {
      signal.throwIfAborted();
      if (!(thrown instanceof ContentError && thrown.retry) || failures === MOST_FAILURES) throw thrown;
      if (nextMissing(chunk, run) > from) {
        fruitless = 0;
        wait = FIRST_WAIT;
      } else if (++fruitless === TRIES) throw thrown;
    }
    await pause(wait, signal);
    wait = Math.min(2 * wait, LONGEST_WAIT);
  }
}

async function attempt(url: string, chunk: Paged, run: Run, signal: AbortSignal, receiver: Receiver, fruitless: number): Promise<void> {
  const start = run.from * chunk.pageBytes;
  const end = Math.min(run.to * chunk.pageBytes, chunk.file.bytes);
  const part = fruitless < TRIES - 1 && (start > 0 || end < chunk.file.bytes);
  const response = await request(url, {
    cache: fruitless > 0 ? "reload" : "no-store",
    signal,
    ...(part && { headers: { Range: `bytes=${start}-${end - 1}` } }),
  });
  const whole = response.status !== 206;
  if (!whole && startOf(response, start) !== start) {
    await cancel(response);
    throw new ContentError(`${url} answered with another part than was asked for; serve the folder by another server`, true);
  }
  const to = whole ? chunk.hashes.length : run.to;
  const reached = await readPages(url, chunk, response, whole ? 0 : run.from, to, signal, receiver);
  if (reached < to) {
    throw new ContentError(`${url} was cut: ${reached * chunk.pageBytes} of ${chunk.file.bytes} bytes arrived; upload the folder again`, true);
  }
}

/** readPages verifies pages as they come; it returns the page before which the body ended. */
async function readPages(
  url: string, chunk: Paged, response: Response, from: number, to: number, signal: AbortSignal, receiver: Receiver,
): Promise<number> {
  let page = from;
  let filled = 0;
  let buffer = new Uint8Array(0);
  try {
    for await (let bytes of parts(response)) {
      await receiver.turn();
      while (bytes.length > 0) {
        if (page === to) throw new ContentError(`${url} is longer than the ${chunk.file.bytes} bytes it should have; upload the folder again`, true);
        const size = Math.min(chunk.pageBytes, chunk.file.bytes - page * chunk.pageBytes);
        if (filled === 0) buffer = buffer.length === size ? buffer : new Uint8Array(size);
        const taken = bytes.subarray(0, size - filled);
        buffer.set(taken, filled);
        bytes = bytes.subarray(taken.length);
        filled += taken.length;
        receiver.arriving(taken.length);
        if (filled < size) break;
        if (!chunk.present[page]) {
          if (!(await sha256(buffer)).startsWith(chunk.hashes[page]!)) throw new WrongContent(url);
          signal.throwIfAborted();
          receiver.verified(page, buffer);
        }
        receiver.arriving(-filled);
        filled = 0;
        page++;
      }
    }
    return page;
  } finally {
    receiver.arriving(-filled);
  }
}

/** startOf returns where a partial answer starts; servers of other origins may hide it, which the hashes make up for. */
function startOf(response: Response, asked: number): number {
  const range = /^bytes (\d+)-/.exec(response.headers.get("Content-Range") ?? "");
  return range ? Number(range[1]) : asked;
}

function nextMissing(chunk: Paged, run: Run): number {
  let page = run.from;
  while (page < run.to && chunk.present[page]) page++;
  return page;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", abort, { once: true });
  });
}
