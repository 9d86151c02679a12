/** A problem with a file: says which file, what is wrong with it and what to do. */
export class ContentError extends Error {
  override name = "ContentError";
  /** retry says whether asking again may help; status is what the server answered, if that is the problem. */
  constructor(message: string, readonly retry = false, readonly status = 0) {
    super(message);
  }
}

/** The guest refused an input; it goes on working. */
export class GuestError extends Error {
  override name = "GuestError";
}

/** The guest stopped in the middle of a call: its instance must not be used again. */
export class GuestStopped extends Error {
  override name = "GuestStopped";
}

/** message returns what a person should read of anything thrown. */
export function message(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** isAbort tells a cancellation from a failure. */
export function isAbort(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === "AbortError";
}

/** isMissing says that a server answered that a file is not there (any more). */
export function isMissing(thrown: unknown): boolean {
  return thrown instanceof ContentError && (thrown.status === 404 || thrown.status === 410);
}
