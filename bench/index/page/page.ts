/** The page in which vectors are searched. The benchmark drives it by `bench`. */
import { edgevec } from "./edgevec.ts";
import { Effir } from "./effir.ts";
import { hnswlib } from "./hnswlib.ts";
import type { Data, System } from "./system.ts";

const systems = new Map<string, System>();
let data: Data;
let effir: Effir;

/** load fetches the data and returns the name of our kernels. */
async function load(): Promise<string> {
  const [file, queries] = await Promise.all(["vectors.bin", "queries.bin"].map(async (name) => (await fetch(`/${name}`)).arrayBuffer()));
  const view = new DataView(file!);
  const [dims, count] = [view.getUint32(8, true), view.getUint32(12, true)];
  const scales = new Float32Array(file!, 16, count);
  const numbers = new Int8Array(file!, 16 + 4 * count);
  const rows = new Float32Array(count * dims);
  for (let row = 0, i = 0; row < count; row++) {
    for (const end = i + dims; i < end; i++) rows[i] = numbers[i]! * scales[row]!;
  }
  const all = new Float32Array(queries!);
  const list = Array.from({ length: all.length / dims }, (_, i) => all.subarray(i * dims, (i + 1) * dims));
  data = { dims, count, file: new Uint8Array(file!), rows, queries: list };
  const started = await Effir.start(data);
  effir = started.effir;
  return started.kernels;
}

type Parameters = Record<string, number>;

/** open makes a system ready for add. */
async function open(name: string, p: Parameters): Promise<void> {
  const made: Record<string, () => System | Promise<System>> = {
    effir: () => effir.system(1),
    "effir-two-stage": () => effir.system(2, p.factor),
    hnswlib: () => hnswlib(data, p.m!, p.efConstruction!),
    edgevec: () => edgevec(data, p.m!, p.efConstruction!, p.efSearch!),
  };
  systems.set(name, await made[name]!());
}

/** add indexes rows and returns the milliseconds that it took. */
function add(name: string, first: number, count: number): number {
  const began = performance.now();
  systems.get(name)!.add(first, Math.min(count, data.count - first));
  return performance.now() - began;
}

/** search answers each query and returns the rows found and the milliseconds that each query took. */
function search(name: string, limit: number, first: number, count: number, effort: number): { found: number[][]; times: number[] } {
  const system = systems.get(name)!;
  if (effort > 0) system.tune?.(effort);
  const found = [], times = [];
  for (const query of data.queries.slice(first, first + count)) {
    const began = performance.now();
    const rows = system.search(query, limit);
    times.push(performance.now() - began);
    found.push(Array.from(rows));
  }
  return { found, times };
}

type Read = (start: number, size: number) => void;
let reading: { read: Read; start: number } | undefined;

/** read returns the milliseconds that reading the vectors' bytes takes, each of several times. */
async function read(times: number): Promise<number[]> {
  const size = Math.floor((data.count * data.dims) / 64) * 64;
  if (!reading) {
    const { instance } = await WebAssembly.instantiateStreaming(fetch("/limits.wasm"));
    const memory = instance.exports.memory as WebAssembly.Memory;
    const start = memory.grow(Math.ceil(size / 65536)) * 65536;
    new Uint8Array(memory.buffer).fill(1, start); // what nobody wrote is one page of zeros again and again
    reading = { read: instance.exports.read as Read, start };
  }
  return Array.from({ length: times }, () => {
    const began = performance.now();
    reading!.read(reading!.start, size);
    return performance.now() - began;
  });
}

Object.assign(globalThis, { bench: { load, open, add, search, read } });
