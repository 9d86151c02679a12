import { isAbort } from "./errors.ts";

/**
 * atOnce runs a job for each item, as many at a time as there are lanes. One
 * failure ends the others, by their signal, and is thrown when all have ended.
 */
export async function atOnce<T>(lanes: number, items: T[], signal: AbortSignal, job: (item: T, signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", abort);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      controller.signal.throwIfAborted();
      await job(items[next++]!, controller.signal);
    }
  };
  const running = Array.from({ length: Math.min(lanes, items.length) }, () =>
    lane().catch((thrown: unknown) => {
      controller.abort();
      throw thrown;
    }),
  );
  const outcomes = await Promise.allSettled(running);
  signal.removeEventListener("abort", abort);
  signal.throwIfAborted();
  const reasons = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  const cause = reasons.find((reason) => !isAbort(reason)) ?? reasons[0];
  if (cause !== undefined) throw cause;
}

/**
 * alone runs a job while no other tab runs one of the same name. Where browsers
 * lack locks, tabs do the same work twice.
 */
export async function alone<T>(name: string, signal: AbortSignal | undefined, job: () => Promise<T>): Promise<T> {
  if (!globalThis.navigator?.locks) return job();
  return (await navigator.locks.request(name, signal ? { signal } : {}, job)) as T;
}
