import { Exit, Wasi } from "../src/wasi.ts";
import { equal, fails, test } from "./harness.ts";

// (module (import "wasi_snapshot_preview1" NAME (func))...) for the given names, types do not matter here
function importing(...names: string[]): WebAssembly.Module {
  const text = (s: string): number[] => [s.length, ...new TextEncoder().encode(s)];
  const entries = names.flatMap((name) => [...text("wasi_snapshot_preview1"), ...text(name), 0x00, 0x00]);
  const section = (id: number, body: number[]): number[] => [id, (body.length & 0x7f) | 0x80, body.length >> 7, ...body];
  const bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(1, [1, 0x60, 0, 0]), ...section(2, [names.length, ...entries])];
  return new WebAssembly.Module(new Uint8Array(bytes));
}

function shim(...names: string[]): { call: Record<string, CallableFunction>; view: () => DataView; lines: string[]; memory: WebAssembly.Memory } {
  const lines: string[] = [];
  const wasi = new Wasi((line) => lines.push(line));
  const memory = new WebAssembly.Memory({ initial: 4 });
  wasi.attach(memory);
  return { call: wasi.imports(importing(...names)), view: () => new DataView(memory.buffer), lines, memory };
}

test("standard error comes out line by line", () => {
  const { call, view, lines, memory } = shim("fd_write");
  const write = (s: string): number => {
    const bytes = new TextEncoder().encode(s);
    new Uint8Array(memory.buffer).set(bytes, 1000);
    view().setUint32(0, 1000, true);
    view().setUint32(4, bytes.length, true);
    return call.fd_write!(2, 0, 1, 8) as number;
  };
  equal([write("panic: "), write("boom\nnext")], [0, 0], "status");
  equal(view().getUint32(8, true), 4 + 5, "bytes written");
  equal(lines, ["panic: boom"], "lines");
  equal(call.fd_write!(3, 0, 1, 8), 8, "status of another file");
});

test("random bytes fill more than one call of the browser's generator", () => {
  const { call, memory } = shim("random_get");
  memory.grow(4);
  equal(call.random_get!(0, 200000), 0, "status");
  const bytes = new Uint8Array(memory.buffer);
  if (bytes.subarray(190000, 200000).every((b) => b === 0)) throw new Error("the end was not filled");
  if (bytes.subarray(200000, 200100).some((b) => b !== 0)) throw new Error("more than asked for was filled");
});

test("clocks count nanoseconds", () => {
  const { call, view } = shim("clock_time_get");
  call.clock_time_get!(0, 0n, 0);
  const now = Number(view().getBigUint64(0, true) / 1000000n);
  if (Math.abs(now - Date.now()) > 1000) throw new Error(`wall clock says ${now}`);
});

test("a sleep ends at once with its event", () => {
  const { call, view } = shim("poll_oneoff");
  view().setBigUint64(0, 77n, true); // user data
  view().setBigUint64(24, 10n ** 12n, true);
  equal(call.poll_oneoff!(0, 100, 1, 200), 0, "status");
  equal([Number(view().getBigUint64(100, true)), view().getUint16(108, true), view().getUint32(200, true)], [77, 0, 1], "event");
});

test("functions that are not offered answer ENOSYS, exits are thrown", async () => {
  const { call } = shim("path_open", "proc_exit");
  equal(call.path_open!(), 52, "status");
  await fails(Promise.resolve().then(() => call.proc_exit!(2)), "exit status 2");
  if (!(new Exit(1) instanceof Error)) throw new Error("Exit is no Error");
});
