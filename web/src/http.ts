import { ContentError, isAbort, message } from "./errors.ts";
import { release } from "./release.ts";

/** After this many milliseconds without a byte a connection counts as dead. */
const STALL = 30_000;

/**
 * request fetches, and turns every way to fail into an error that says what to do.
 * A connection on which nothing comes any more is given up.
 */
export async function request(url: string, init: RequestInit & { signal?: AbortSignal }): Promise<Response> {
  const watch = new Watch(init.signal);
  let response: Response;
  try {
    response = await fetch(url, { ...init, signal: watch.signal });
  } catch (thrown) {
    watch.end();
    init.signal?.throwIfAborted();
    throw new ContentError(`${url} could not be fetched (${message(thrown)}); check the connection and try again`, true);
  }
  watches.set(response, watch);
  if (response.ok) return response;
  await cancel(response);
  const remedy = response.status === 404 ? "it is missing on the server; upload the folder again" : "try again later";
  throw new ContentError(`${url} answered ${response.status}: ${remedy}`, response.status >= 500, response.status);
}

/** cancel lets go of a response whose body is not read to its end. */
export async function cancel(response: Response): Promise<void> {
  watches.get(response)?.end();
  await response.body?.cancel().catch(() => {});
}

/**
 * parts yields a response's body as it comes; leaving the loop cancels the rest.
 * Bytes are lent until the next part is asked for: then their memory is given
 * back, so that megabytes leave no garbage. (Chromium's readers into lent memory
 * leave none either, but sometimes stop for good on responses from its cache.)
 */
export async function* parts(response: Response): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const watch = watches.get(response) ?? new Watch(undefined);
  const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  const leave = (): void => void reader.cancel().catch(() => {});
  watch.signal.addEventListener("abort", leave);
  let size = 0;
  try {
    for (;;) {
      const { value } = await reader.read();
      watch.signal.throwIfAborted();
      if (!value) return;
      watch.moved();
      size += value.length;
      yield value;
      release(value);
    }
  } catch (thrown) {
    watch.outer?.throwIfAborted();
    if (thrown instanceof ContentError || isAbort(thrown)) throw thrown;
    throw new ContentError(`${response.url} broke off after ${size} bytes (${message(thrown)}); try again`, true);
  } finally {
    watch.end();
    leave();
  }
}

/** body reads at most limit bytes and refuses more; count is called with each number of bytes that came. */
export async function body(response: Response, limit: number, count: (bytes: number) => void = () => {}): Promise<Uint8Array<ArrayBuffer>> {
  const got: Uint8Array[] = [];
  let size = 0;
  for await (const part of parts(response)) {
    size += part.length;
    count(part.length);
    if (size > limit) {
      throw new ContentError(`${response.url} is longer than the ${limit} bytes it should have; upload the folder again`, true);
    }
    got.push(part.slice());
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of got) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const watches = new WeakMap<Response, Watch>();

/** Watch aborts a request that the caller's signal ends or that stalls. */
class Watch {
  private readonly controller = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly abort = (): void => this.controller.abort(this.outer?.reason);

  constructor(readonly outer: AbortSignal | undefined) {
    if (outer?.aborted) this.abort();
    outer?.addEventListener("abort", this.abort);
    this.moved();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  moved(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.controller.abort(new Error(`nothing came for ${STALL / 1000} s`)), STALL);
  }

  end(): void {
    clearTimeout(this.timer);
    this.outer?.removeEventListener("abort", this.abort);
  }
}
