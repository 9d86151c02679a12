// usearch in this process. Standard input is a JSON object a line, see serve.mjs of bench/peer.
import { readFileSync } from "node:fs";
import { Index, MetricKind, ScalarKind, exactSearch } from "usearch";
import { serve } from "../peer/serve.mjs";

let dims, count, rows, queries, index;

function load({ vectors, queries: file }) {
  const { buffer, byteOffset, byteLength } = readFileSync(vectors);
  const bytes = buffer.slice(byteOffset, byteOffset + byteLength);
  [dims, count] = new Uint32Array(bytes, 8, 2);
  const scales = new Float32Array(bytes, 16, count);
  const numbers = new Int8Array(bytes, 16 + 4 * count);
  rows = new Float32Array(count * dims);
  numbers.forEach((x, i) => { rows[i] = x * scales[Math.floor(i / dims)]; });
  const asked = readFileSync(file);
  queries = new Float32Array(asked.buffer.slice(asked.byteOffset, asked.byteOffset + asked.byteLength));
}

// open makes an empty graph with numbers of a kind. usearch takes the effort of a search when the index
// is made, and keeps it in no file: a file that is loaded again takes another.
function open({ kind, m, efConstruction, efSearch }) {
  index = new Index({
    dimensions: dims, metric: MetricKind.IP, quantization: ScalarKind[kind], connectivity: m,
    expansion_add: efConstruction, expansion_search: efSearch, multi: false,
  });
}

function add({ first, count: n, threads }) {
  const start = performance.now();
  const keys = BigUint64Array.from({ length: n }, (_, i) => BigInt(first + i));
  index.add(keys, rows.subarray(first * dims, (first + n) * dims), threads);
  return performance.now() - start;
}

function search({ limit, first, count: n, exact }) {
  const found = [], times = [];
  for (let i = first; i < first + n; i++) {
    const query = queries.slice(i * dims, (i + 1) * dims); // exactSearch reads from the start of the buffer
    const start = performance.now();
    const { keys } = exact ? exactSearch(rows, query, dims, limit, MetricKind.IP, 1) : index.search(query, limit, 1);
    times.push(performance.now() - start);
    found.push(Array.from(keys, Number));
  }
  return { found, times };
}

await serve({
  load, open, add, search,
  save: ({ path }) => index.save(path),
  reopen: ({ path, ...settings }) => { open(settings); index.load(path); },
});
