import { parseModel, parsePages } from "../src/manifest.ts";
import { equal, fails, test } from "./harness.ts";

const encoder = new TextEncoder();
const sha256 = "ab".repeat(32);
const file = { sha256, bytes: 3 };
const ref = { name: sha256, bytes: 3 };
const model = {
  name: "m", dims: 8, tokenizer: file, weights: { bytes: 6, chunks: [file, file] }, tensors: [{ name: "other" }, { name: "embedding", offset: 1, bytes: 4 }],
};

const json = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));
const attempt = (parse: () => unknown): Promise<unknown> => Promise.resolve().then(parse);

test("a model's manifest is read", () => {
  const want = { name: "m", dims: 8, tokenizer: ref, weights: { bytes: 6, chunks: [ref, ref] }, table: { offset: 1, bytes: 4 } };
  equal(parseModel(json(model)), want, "model");
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
    ["dims", { ...model, dims: "8" }],
    ['tensors["embedding"].offset', { ...model, tensors: [null, 7] }],
    ['tensors["embedding"]', { ...model, tensors: [{ name: "embedding", offset: 3, bytes: 4 }] }],
  ];
  for (const [field, value] of refused) await fails(attempt(() => parseModel(json(value))), "model.json", field);
  await fails(attempt(() => parseModel(encoder.encode("<!doctype html>"))), "model.json is not JSON");
});

test("page hashes are read if they are the model's", async () => {
  const chunks = [{ name: "a", bytes: 8192 }, { name: "b", bytes: 4097 }];
  const hashes = ["0", "1", "2", "3"].map((digit) => digit.repeat(32));
  const pages = { model: sha256, pageBytes: 4096, sha256: hashes };
  equal(parsePages(json(pages), sha256, chunks), { pageBytes: 4096, hashes }, "pages");
  equal(parsePages(json(pages), "cd".repeat(32), chunks), undefined, "pages of another model");
  const refused: [field: string, value: unknown][] = [
    ["pageBytes", { ...pages, pageBytes: 0 }],
    ["pageBytes", { ...pages, pageBytes: 1 }],
    ["sha256", { ...pages, sha256: hashes.slice(1) }],
    ["sha256[2]", { ...pages, sha256: [...hashes.slice(0, 2), "zz", hashes[3]] }],
    ["sha256[0]", { ...pages, sha256: [7, ...hashes.slice(1)] }],
  ];
  for (const [field, value] of refused) await fails(attempt(() => parsePages(json(value), sha256, chunks)), "pages.json", field);
});
