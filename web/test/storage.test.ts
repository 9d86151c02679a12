/** The page itself, unlike a worker, cannot write to the origin-private file system at once: here IndexedDB takes its place. */
import { openFolder } from "../src/storage.ts";
import { decodeSegment, encodeSegment } from "../src/segments.ts";
import { decodeVectors, encodeVectors, keyOf } from "../src/vectorlog.ts";
import { equal, test } from "./harness.ts";

const bytes = (...list: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(list);

test("where the file system cannot be written to, IndexedDB keeps files", async () => {
  const name = `folder/ü ${Date.now()}`;
  const folder = await openFolder(name);
  equal([folder.kind, await folder.list()], ["indexeddb", []], "a new folder");
  await folder.write("1.docs", bytes(1, 2));
  await folder.write("2.docs", bytes());
  await folder.write("1.docs", bytes(3));
  const again = await openFolder(name);
  equal((await again.list()).sort(), ["1.docs", "2.docs"], "names");
  equal([[...(await again.read("1.docs"))!], [...(await again.read("2.docs"))!], await again.read("3.docs")], [[3], [], undefined], "content");
  await again.remove("1.docs");
  await again.remove("1.docs");
  equal(await folder.list(), ["2.docs"], "names");
  equal(await (await openFolder(`${name}!`)).list(), [], "names in another folder");
});

test("segments that were cut hold nothing", () => {
  const segment = { removed: ["a"], documents: [{ id: "é", title: "", url: "", meta: {}, passages: [{ heading: "", text: "🙂" }] }] };
  const whole = encodeSegment(segment);
  equal(decodeSegment(whole), { format: "effir-local/1", ...segment }, "segment");
  for (let end = 0; end < whole.length; end++) equal(decodeSegment(whole.subarray(0, end)), undefined, `segment of ${end} bytes`);
  equal(decodeSegment(new TextEncoder().encode('{"format":"other"}')), undefined, "another format");
});

test("vectors are stored to the bit, and cut files hold none", () => {
  const model = "0123456789abcdef".repeat(4);
  const rows: [string, { row: Int8Array; scale: number }][] = [
    [keyOf("a"), { row: Int8Array.of(-127, 0, 127), scale: Math.fround(0.1) }],
    [keyOf("b"), { row: Int8Array.of(1, 2, 3), scale: 0 }],
  ];
  const whole = encodeVectors(model, rows);
  equal(decodeVectors(whole), { model, rows }, "vectors");
  for (let end = 0; end < whole.length; end++) equal(decodeVectors(whole.slice(0, end)), undefined, `${end} bytes`);
});

test("texts have keys of their own", () => {
  const keys = new Set<string>();
  let texts = 0;
  for (let i = 0; i < 300; i++) {
    for (const text of [`${i}`, `${i}\n`, "\0".repeat(i), `${"x".repeat(i)}y`, `${"x".repeat(i)}z`, String.fromCharCode(i, 7), String.fromCharCode(7, i)]) {
      keys.add(keyOf(text));
      texts++;
    }
  }
  // "7,7" and "7,7" are one text, as are "" and no zeros, and few others.
  equal(keys.size >= texts - 3, true, `${texts - keys.size} collisions`);
  const bits = Array.from({ length: 64 }, () => 0);
  for (let i = 0; i < 1000; i++) {
    const key = BigInt(`0x${keyOf(`text ${i}`)}`);
    for (let bit = 0; bit < 64; bit++) bits[bit]! += Number((key >> BigInt(bit)) & 1n);
  }
  equal(bits.every((ones) => ones > 400 && ones < 600), true, "evenness of bits");
});
