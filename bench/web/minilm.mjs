// Embeds passages by transformers.js: node minilm.mjs PASSAGES MODELS MODEL CACHE OUT. The folder OUT gets
// vectors.bin, float32 numbers, one row of unit length a passage, and passages.json, which names them.
// What was embedded is kept in the folder CACHE by content, so that a run that was broken off goes on;
// times.json there has what each run took.
import { createHash } from "node:crypto";
import { appendFileSync, createReadStream, existsSync, mkdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { env, pipeline } from "@huggingface/transformers";

const DIMS = 384;
const HASH = 32; // bytes of SHA-256
const [, , passages, models, model, cache, output] = process.argv;

const texts = [];
const pages = new Map(); // number and title by URL
const names = [];
for await (const line of createInterface({ input: createReadStream(passages) })) {
  const { url, title, heading, text } = JSON.parse(line);
  texts.push([title, heading, text].filter(Boolean).join("\n"));
  if (!pages.has(url)) pages.set(url, { number: pages.size, title });
  names.push([pages.get(url).number, heading]);
}
const keys = texts.map((text) => createHash("sha256").update(text).digest("hex"));

// The cache is one file of rows: hash, then numbers. A row that was cut off is dropped.
mkdirSync(cache, { recursive: true });
const file = join(cache, "vectors.bin");
const row = HASH + 4 * DIMS;
const known = new Map();
if (existsSync(file)) {
  const bytes = readFileSync(file);
  const rows = Math.floor(bytes.length / row);
  if (rows * row !== bytes.length) truncateSync(file, rows * row);
  for (let at = 0; at < rows * row; at += row) known.set(bytes.toString("hex", at, at + HASH), bytes.subarray(at + HASH, at + row));
}

const missing = new Map();
keys.forEach((key, i) => known.has(key) || missing.set(key, texts[i]));
if (missing.size > 0) {
  env.allowRemoteModels = false;
  env.localModelPath = models;
  const began = performance.now();
  const used = process.cpuUsage();
  const extract = await pipeline("feature-extraction", model, { dtype: "q8", device: "cpu" });
  const journal = join(cache, "times.json");
  const runs = existsSync(journal) ? JSON.parse(readFileSync(journal, "utf8")) : [];
  let count = 0;
  for (const [key, text] of missing) {
    // One text at a time: the activations of a batch share their scale, so that a vector would depend
    // on its neighbours.
    const { data } = await extract(text, { pooling: "mean", normalize: true });
    const bytes = Buffer.from(Float32Array.from(data).buffer);
    known.set(key, bytes);
    appendFileSync(file, Buffer.concat([Buffer.from(key, "hex"), bytes]));
    if (++count % 100 === 0 || count === missing.size) {
      const { user, system } = process.cpuUsage(used);
      const run = { texts: count, seconds: (performance.now() - began) / 1e3, cpu: (user + system) / 1e6 };
      writeFileSync(`${journal}.new`, JSON.stringify([...runs, run]) + "\n");
      renameSync(`${journal}.new`, journal);
      process.stderr.write(`\rembedding by transformers.js: ${count} of ${missing.size}`);
    }
  }
  process.stderr.write("\n");
}
mkdirSync(output, { recursive: true });
writeFileSync(join(output, "vectors.bin"), Buffer.concat(keys.map((key) => known.get(key))));
writeFileSync(join(output, "passages.json"), JSON.stringify({ pages: [...pages].map(([url, { title }]) => [url, title]), passages: names }));
