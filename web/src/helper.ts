import { GuestError, message } from "./errors.ts";
import { Guest } from "./guest.ts";
import { release } from "./release.ts";
import type { Modules } from "./runtime.ts";
import type { Kind } from "./types.ts";

/** What a helper is made of: the same modules and files as its leader's guest. */
export interface Outfit {
  modules: Modules;
  /** model.json, and the tokenizer's file. */
  manifest: Uint8Array;
  tokenizer: Uint8Array;
}

/** From leader to helper: first the outfit, then all of the weights image in pieces, then texts. */
export type Order =
  | { type: "help"; outfit: Outfit }
  | { type: "weights"; offset: number; bytes: Uint8Array<ArrayBuffer> }
  | { type: "text"; id: number; text: string; kind: Kind };

/**
 * From helper to leader. Every text is answered by "vector" or "refused", in
 * their order; after "broken" nothing comes any more.
 */
export type Word =
  | { type: "vector"; id: number; vector: Float32Array<ArrayBuffer>; memory: number }
  | { type: "refused"; id: number; problem: string }
  | { type: "broken"; problem: string };

interface Scope {
  postMessage(word: Word, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<Order>) => void) | null;
}

/**
 * help makes this worker one that embeds for another worker, with a guest and a
 * memory of its own: nothing is shared, so that pages need not be isolated, and
 * the bits are those that the leader would have computed.
 */
export function help(scope: Scope, { modules, manifest, tokenizer }: Outfit): void {
  const starting = Guest.start(modules.kernels, modules.guest).then((guest) => {
    const at = guest.model(manifest);
    guest.tokenizer(tokenizer);
    return { guest, at };
  });
  let last: Promise<unknown> = starting;
  scope.onmessage = ({ data }) => {
    last = last
      .then(async () => {
        const { guest, at } = await starting;
        if (data.type === "weights") {
          guest.writeWeights(at + data.offset, data.bytes);
          release(data.bytes);
        } else if (data.type === "text") answer(scope, guest, data.id, data.text, data.kind);
      })
      .catch((thrown: unknown) => scope.postMessage({ type: "broken", problem: message(thrown) }));
  };
}

function answer(scope: Scope, guest: Guest, id: number, text: string, kind: Kind): void {
  try {
    const vector = guest.embed(text, kind);
    scope.postMessage({ type: "vector", id, vector, memory: guest.memoryBytes }, [vector.buffer]);
  } catch (thrown) {
    if (!(thrown instanceof GuestError)) throw thrown;
    scope.postMessage({ type: "refused", id, problem: thrown.message });
  }
}
