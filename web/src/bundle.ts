import { Store, getAll, type FileRef } from "./content.ts";
import type { Guest } from "./guest.ts";
import { parseBundle } from "./manifest.ts";

/** Which files of a search bundle a guest holds. */
export interface Loaded {
  passages: number;
  vectors: number;
  /** SHA-256 of the model.json that the vectors were made with; empty without vectors. */
  model: string;
  /** vectors is empty where there are none or they were refused. */
  files: { keyword: string; passages: string; vectors: string };
}

/**
 * loadBundle brings a search bundle into a guest, or what is new of it: given
 * what the guest holds, only vectors that changed are fetched. It throws
 * BundleReplaced if the passages are others than those held. Files are fetched
 * while the guest is still starting. Vectors of a model that fits refuses are
 * left out; it is asked again after they were fetched, as more is known by then.
 */
export async function loadBundle(
  folder: URL,
  starting: Promise<Guest>,
  held: Loaded | undefined,
  fits: (model: string) => boolean,
  signal: AbortSignal,
): Promise<Loaded> {
  const store = await Store.open(folder);
  const bytes = await store.manifest("index.json", signal);
  const { count, keyword, passages, vectors } = parseBundle(bytes);
  const names = { keyword: keyword.sha256, passages: passages.sha256, vectors: vectors?.sha256 ?? "" };
  if (held && (held.files.keyword !== names.keyword || held.files.passages !== names.passages)) throw new BundleReplaced();
  if (held && held.files.vectors === names.vectors) return held;

  const files: FileRef[] = held ? [] : [keyword, passages];
  if (vectors && fits(vectors.model)) files.push(vectors);
  const contents: Uint8Array[] = [];
  await getAll(store, files, (i, content) => (contents[i] = content), { signal });
  const guest = await starting;
  signal.throwIfAborted();
  guest.index("manifest", bytes);
  if (!held) {
    guest.index("keyword", contents[0]!);
    guest.index("passages", contents[1]!);
  }
  if (vectors && files.includes(vectors) && fits(vectors.model)) guest.index("vectors", contents[files.length - 1]!);
  else names.vectors = "";
  await store.prune(vectors ? [keyword, passages, vectors] : [keyword, passages]);
  return { passages: count, vectors: vectors?.count ?? 0, model: vectors?.model ?? "", files: names };
}

/** The bundle in the folder is another one than the guest holds: a new guest is needed. */
export class BundleReplaced extends Error {
  override name = "BundleReplaced";
}
