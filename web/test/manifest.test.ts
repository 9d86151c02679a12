import { parseBundle, parseModel } from "../src/manifest.ts";
import { equal, fails, test } from "./harness.ts";

const encoder = new TextEncoder();
const sha256 = "ab".repeat(32);
const file = { sha256, bytes: 3 };
const model = { name: "m", tokenizer: file, weights: { bytes: 6, chunks: [file, file] } };
const bundle = { count: 2, keyword: file, passages: file, vectors: { ...file, count: 1, model: file.sha256 } };

const json = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));
const attempt = (parse: (bytes: Uint8Array) => unknown, bytes: Uint8Array): Promise<unknown> => Promise.resolve().then(() => parse(bytes));

test("manifests are read", () => {
  equal(parseModel(json(model)), model, "model");
  equal(parseBundle(json(bundle)), bundle, "bundle");
  const { vectors: _, ...keywordOnly } = bundle;
  equal(parseBundle(json(keywordOnly)), keywordOnly, "bundle without vectors");
});

test("hostile manifests are refused with the field's name", async () => {
  const refused: [field: string, value: unknown][] = [
    ["format", []],
    ["weights", { ...model, weights: undefined }],
    ["weights.bytes", { ...model, weights: { bytes: 7, chunks: [file, file] } }],
    ["weights.chunks[1].sha256", { ...model, weights: { bytes: 6, chunks: [file, { sha256: "../../evil", bytes: 3 }] } }],
    ["tokenizer.bytes", { ...model, tokenizer: { sha256, bytes: -1 } }],
    ["tokenizer.bytes", { ...model, tokenizer: { sha256, bytes: 1e300 } }],
    ["tokenizer.sha256", { ...model, tokenizer: { sha256: sha256.toUpperCase(), bytes: 3 } }],
    ["tokenizer.sha256", { ...model, tokenizer: null }],
  ];
  for (const [field, value] of refused) await fails(attempt(parseModel, json(value)), "model.json", field);
  await fails(attempt(parseModel, encoder.encode("<!doctype html>")), "model.json is not JSON");
  await fails(attempt(parseBundle, json({ ...bundle, vectors: { ...bundle.vectors, count: 0.5 } })), "index.json", "vectors.count");
  await fails(attempt(parseBundle, json({ ...bundle, vectors: { ...file, count: 1 } })), "index.json", "vectors.model");
  await fails(attempt(parseBundle, json({ ...bundle, passages: {} })), "index.json", "passages.sha256");
});
