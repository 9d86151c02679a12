import type { Matrix } from "./quantise.ts";
import { Reader, type Ref } from "./reader.ts";

/** Which passages are near each other: the clusters' centroids and files. */
export interface Vectors {
  dims: number;
  /** Of each number in a cluster file: 4 or 8. */
  bits: number;
  /** The mean square of the differences between a passage's cosine and its centroid's similarity. */
  within: number;
  /** Per cluster how much more similar to a query than the centroid the best member may well be. */
  reach: Float32Array;
  centroids: Matrix;
  clusters: { ref: Ref; members: number }[];
  /** Per passage the number of its cluster. */
  clusterOf: Uint16Array;
}

/** The members of one cluster: passage numbers, ascending, and for each the difference of its vector to the centroid. */
export interface Cluster extends Matrix {
  docs: Uint32Array;
}

const MAX_DIMS = 1 << 16; // keeps dot products inside int32

/** parseVectors reads the vectors file of an index of so many passages. */
export function parseVectors(raw: Uint8Array, file: string, passages: number, dims: number): Vectors {
  const r = new Reader(raw, file, "EFFIRSV1");
  if (r.uv("dims", MAX_DIMS) !== dims || dims < 1) throw r.fail("dims", "are others than index.json says");
  if (r.uv("passages") !== passages) throw r.fail("passages", "are others than the directory says");
  const count = r.uv("clusters", 1 << 16);
  const bits = r.uv("bits");
  if (bits !== 4 && bits !== 8) throw r.fail("bits", "are neither 4 nor 8");
  const within = r.positives(1, "variance")[0]!;
  const reach = r.positives(count, "reach");
  const centroids = readBytes(r, count, dims);
  const clusters: Vectors["clusters"] = [];
  const members = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    clusters.push({ ref: r.ref("cluster"), members: r.uv("members", passages) });
    if (clusters[i]!.members === 0) throw r.fail("members", "are missing");
  }
  const low = r.take(passages, "cluster numbers");
  const high = count > 256 ? r.take(passages, "cluster numbers") : undefined;
  r.end();
  const clusterOf = new Uint16Array(passages);
  for (let passage = 0; passage < passages; passage++) {
    const cluster = low[passage]! + (high ? high[passage]! << 8 : 0);
    if (cluster >= count) throw r.fail("cluster numbers", "name a cluster that does not exist");
    clusterOf[passage] = cluster;
    members[cluster]!++;
  }
  if (clusters.some((cluster, i) => cluster.members !== members[i])) throw r.fail("members", "do not add up");
  return { dims, bits, within, reach, centroids, clusters, clusterOf };
}

/** parseCluster reads the file of cluster number `cluster`. */
export function parseCluster(raw: Uint8Array, file: string, vectors: Vectors, cluster: number): Cluster {
  const r = new Reader(raw, file, "EFFIRSW1");
  const { members } = vectors.clusters[cluster]!;
  if (r.count("members", 5) !== members) throw r.fail("members", "are others than the vectors file says");
  const docs = new Uint32Array(members);
  let next = 0;
  for (let i = 0; i < members; i++) {
    const doc = next + r.uv("members");
    if (vectors.clusterOf[doc] !== cluster) throw r.fail("members", "are others than the vectors file says");
    docs[i] = doc;
    next = doc + 1;
  }
  const matrix = (vectors.bits === 8 ? readBytes : readNibbles)(r, members, vectors.dims);
  r.end();
  return { docs, ...matrix };
}

/** readBytes reads n scales, then n rows of int8. */
function readBytes(r: Reader, n: number, dims: number): Matrix {
  const scales = r.positives(n, "scales");
  const bytes = r.take(n * dims, "rows");
  const rows = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  if (rows.includes(-128)) throw r.fail("rows", "hold -128, which quantising never gives");
  return { rows, scales };
}

/** readNibbles reads n scales, then n rows of 4 bits, low ones first, that stand for the odd numbers from -15 to 15. */
function readNibbles(r: Reader, n: number, dims: number): Matrix {
  const scales = r.positives(n, "scales");
  const width = (dims + 1) >> 1;
  const pairs = r.take(n * width, "rows");
  const rows = new Int8Array(n * dims);
  for (let row = 0; row < n; row++) {
    for (let j = 0; j < dims; j++) {
      const nibble = (pairs[row * width + (j >> 1)]! >> (4 * (j & 1))) & 15;
      rows[row * dims + j] = 2 * nibble - 15;
    }
  }
  return { rows, scales };
}
