import type { FileRef, Store } from "./content.ts";
import { parseDirectory } from "./site/directory.ts";
import { gunzip } from "./site/gunzip.ts";
import type { Ref, SiteManifest } from "./site/index.ts";
import { parseVectors } from "./site/vectors.ts";

/**
 * inUse tells other tabs that this one uses a version of an index, until the
 * returned function is called.
 */
export function inUse(store: Store, version: string): () => void {
  let release = (): void => {};
  const used = new Promise<void>((resolve) => (release = resolve));
  void globalThis.navigator?.locks?.request(lockName(store, version), { mode: "shared" }, () => used);
  return release;
}

/**
 * pruneSite forgets all files that a version of an index does not reach. Nothing
 * is forgotten while another tab uses another version, or where browsers cannot
 * tell. It says whether it could: files that list others must be in the cache.
 */
export async function pruneSite(store: Store, version: string, manifest: SiteManifest): Promise<boolean> {
  if (!globalThis.navigator?.locks) return false;
  const { held = [] } = await navigator.locks.query();
  const own = lockName(store, version);
  if (held.some(({ name }) => name !== own && name?.startsWith(lockName(store, "")))) return false;

  const refs: Ref[] = [manifest.directory, ...manifest.filters.values(), ...manifest.sorts.values()];
  const directory = await kept(store, manifest.directory, (raw, file) => parseDirectory(raw, file));
  if (!directory) return false;
  for (const { ref } of [...directory.termShards, ...directory.passageShards]) refs.push(ref);
  if (manifest.vectors) {
    const { dims } = manifest.vectors;
    const vectors = await kept(store, manifest.vectors, (raw, file) => parseVectors(raw, file, manifest.passages, dims));
    if (!vectors) return false;
    refs.push(manifest.vectors, ...vectors.clusters.map(({ ref }) => ref));
  }
  await store.prune(refs.map((ref) => ref.name));
  return true;
}

async function kept<T>(store: Store, ref: Ref, parse: (raw: Uint8Array<ArrayBuffer>, file: string) => T): Promise<T | undefined> {
  const stored = await store.read(store.url(ref satisfies FileRef));
  return stored && parse(await gunzip(stored, ref), ref.name);
}

function lockName(store: Store, version: string): string {
  return `effir index ${store.folder.href} ${version}`;
}
