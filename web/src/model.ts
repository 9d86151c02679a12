import { Store, getAll, sha256 } from "./content.ts";
import type { Guest } from "./guest.ts";
import { parseModel } from "./manifest.ts";

export interface ModelProgress {
  name: string;
  loaded: number;
  total: number;
  cached: number;
}

/**
 * loadModel brings a model package from a folder into a guest: each chunk is
 * verified, then copied to its place in kernel memory, in the order of arrival.
 * identify is called with the SHA-256 of model.json before anything else is fetched.
 */
export async function loadModel(
  folder: URL,
  guest: Guest,
  identify: (sha256: string) => void,
  progress: (state: ModelProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const store = await Store.open(folder);
  const bytes = await store.manifest("model.json", signal);
  const manifest = parseModel(bytes);
  const { chunks } = manifest.weights;
  const state = { name: manifest.name, loaded: 0, cached: 0, total: manifest.weights.bytes + manifest.tokenizer.bytes };
  progress(state);
  identify(await sha256(bytes));
  signal.throwIfAborted();

  const start = guest.model(bytes);
  const offsets = chunks.map(() => start);
  for (let i = 1; i < chunks.length; i++) offsets[i] = offsets[i - 1]! + chunks[i - 1]!.bytes;

  const onBytes = (delta: number, cached: boolean): void => {
    state.loaded += delta;
    if (cached) state.cached += delta;
    progress(state);
  };
  const tokenizer = store.get(manifest.tokenizer, { signal, onBytes });
  tokenizer.catch(() => {}); // reported below, should the chunks fail first
  await getAll(store, chunks, (i, chunk) => guest.writeWeights(offsets[i]!, chunk), { signal, onBytes });
  guest.tokenizer(await tokenizer);
  signal.throwIfAborted();
  await store.prune([manifest.tokenizer, ...chunks]);
}
