import { ContentError } from "../src/errors.ts";
import { parseDirectory } from "../src/site/directory.ts";
import { parseFilter, parseSort } from "../src/site/facets.ts";
import { gunzip } from "../src/site/gunzip.ts";
import { parseSiteManifest, type Ref, Site, type SiteQuery } from "../src/site/index.ts";
import { parsePassages } from "../src/site/passages.ts";
import { TermShard } from "../src/site/terms.ts";
import { parseCluster, parseVectors } from "../src/site/vectors.ts";
import type { Hit } from "../src/types.ts";

/** A query with what Go answers; see site_test.go. */
interface Expected extends Omit<SiteQuery, "vector" | "signal"> {
  vector?: number[];
  hits: Hit[];
  files: number;
  bytes: number;
}

/** compare asks the site of a folder all queries of a JSON file and returns what differs from Go's answers. */
export async function compare(folder: string): Promise<{ Compared: number; Hits: number; Differences: string[] }> {
  const [manifestFile, queriesFile] = await Promise.all([fetch(`${folder}/index.json`), fetch(`${folder}.json`)]);
  const manifest = parseSiteManifest(new Uint8Array(await manifestFile.arrayBuffer()));
  const differences: string[] = [];
  const differ = (what: string, query: unknown, got: unknown, want: unknown): void => {
    const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
    if (a === b) return;
    let at = 0;
    while (a[at] === b[at]) at++;
    const [from, to] = [Math.max(at - 60, 0), at + 60];
    differences.push(`${what} of ${JSON.stringify(query)}: got …${a.slice(from, to)}… want …${b.slice(from, to)}…`);
  };
  let compared = 0;
  let found = 0;
  const fetched = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  const stored = async (name: string): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await (await fetch(`${folder}/${name}.bin`)).arrayBuffer());
  for (const { hits: wanted, files, bytes, vector, ...query } of (await queriesFile.json()) as Expected[]) {
    let asked = 0;
    const get = ({ name }: Ref): Promise<Uint8Array<ArrayBuffer>> => {
      asked++;
      if (!fetched.has(name)) fetched.set(name, stored(name));
      return fetched.get(name)!;
    };
    const site = await Site.open({ get }, manifest);
    const answer = await site.search({ ...query, vector: vector && Float32Array.from(vector) });
    const { name, bytes: directory } = manifest.directory;
    const hits = answer.hits.map((hit) => ({ ...hit, passages: hit.passages.map(({ highlights: _, ...passage }) => passage) }));
    differ("hits", query, order(hits), order(wanted));
    differ("files", query, [asked, answer.transferred.files + 1, answer.transferred.bytes + directory, name], [files, files, bytes, name]);
    site.close();
    compared++;
    found += hits.length;
  }
  return { Compared: compared, Hits: found, Differences: differences.slice(0, 10) };
}

/** order returns a copy with all fields in alphabetical order. */
function order(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(order);
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, field]) => [key, order(field)]);
}

/** typing writes a text letter by letter, each search ending the one before, and returns how many files were fetched and how often at most one was. */
export async function typing(folder: string, text: string): Promise<{ Files: number; Most: number; Hits: number }> {
  const manifest = parseSiteManifest(new Uint8Array(await (await fetch(`${folder}/index.json`)).arrayBuffer()));
  const asked = new Map<string, number>();
  const get = async ({ name }: Ref): Promise<Uint8Array<ArrayBuffer>> => {
    asked.set(name, (asked.get(name) ?? 0) + 1);
    return new Uint8Array(await (await fetch(`${folder}/${name}.bin`)).arrayBuffer());
  };
  const site = await Site.open({ get }, manifest);
  let ended = new AbortController();
  let last: Promise<number> = Promise.resolve(0);
  for (let end = 1; end <= text.length; end++) {
    ended.abort();
    ended = new AbortController();
    last = site.search({ text: text.slice(0, end), signal: ended.signal }).then(({ hits }) => hits.length);
    last.catch(() => {}); // ended by the next letter
    await new Promise((resolve) => setTimeout(resolve, end % 4));
  }
  const hits = await last;
  site.close();
  return { Files: asked.size, Most: Math.max(...asked.values()), Hits: hits };
}

/** damage parses every file of a folder after changes at random, and returns the errors that do not say which file is wrong. */
export async function damage(folder: string): Promise<{ Parsed: number; Refused: number; Errors: string[] }> {
  const manifest = parseSiteManifest(new Uint8Array(await (await fetch(`${folder}/index.json`)).arrayBuffer()));
  const raw = async (ref: Ref): Promise<Uint8Array<ArrayBuffer>> => gunzip(new Uint8Array(await (await fetch(`${folder}/${ref.name}.bin`)).arrayBuffer()), ref);
  const directory = parseDirectory(await raw(manifest.directory), "directory");
  const { pages, passages, passageShards, termShards } = directory;
  const vectors = parseVectors(await raw(manifest.vectors!), "vectors", passages, manifest.vectors!.dims);
  const kinds: [Ref, (raw: Uint8Array<ArrayBuffer>) => unknown][] = [
    [manifest.directory, (raw) => parseDirectory(raw, "FILE")],
    [manifest.vectors!, (raw) => parseVectors(raw, "FILE", passages, vectors.dims)],
    [vectors.clusters[0]!.ref, (raw) => parseCluster(raw, "FILE", vectors, 0)],
    [passageShards[0]!.ref, (raw) => parsePassages(raw, "FILE", passageShards[0]!, directory)],
    [termShards[0]!.ref, (raw) => {
      const shard = TermShard.parse(raw, "FILE", passages);
      for (const term of shard.withPrefix("")) shard.postings(term);
    }],
    ...[...manifest.filters.values()].map((ref): (typeof kinds)[0] => [ref, (raw) => parseFilter(raw, "FILE", pages)]),
    ...[...manifest.sorts.values()].map((ref): (typeof kinds)[0] => [ref, (raw) => parseSort(raw, "FILE", pages)]),
  ];
  const errors: string[] = [];
  let seed = 1;
  const random = (below: number): number => (seed = (seed * 48271) % 0x7fffffff) % below;
  let parsed = 0;
  let refused = 0;
  for (const [ref, parse] of kinds) {
    const whole = await raw(ref);
    parse(whole);
    for (let round = 0; round < 400; round++) {
      let changed = whole.slice();
      // Numbers stand at the beginning of most files, so that half of the changes fall there.
      const at = random(round % 2 ? whole.length : Math.min(whole.length, 64));
      if (round % 5 === 0) changed = changed.slice(0, at);
      else changed.fill([0, 1, 0x7f, 0x80, 0xff][random(5)]!, at, at + 1 + random(6));
      try {
        parse(changed);
        parsed++;
      } catch (thrown) {
        refused++;
        if (!(thrown instanceof ContentError) || !thrown.message.startsWith("FILE: ")) errors.push(`${ref.name}, ${round}: ${String(thrown)}`);
      }
    }
  }
  return { Parsed: parsed, Refused: refused, Errors: errors.slice(0, 10) };
}
