import { GuestError, GuestStopped, message } from "./errors.ts";
import { instantiate, tune, type Chosen } from "./kernels.ts";
import type { Range } from "./manifest.ts";
import type { Kind } from "./types.ts";
import { Wasi } from "./wasi.ts";

/** Which parts of the weights image one text reads. */
export interface Reads {
  tokens: number;
  /** The whole token table. */
  table: Range;
  /** The rows of it that the text reads. */
  rows: Range[];
}

interface Exports {
  memory: WebAssembly.Memory;
  _initialize(): void;
  effir_alloc(size: number): number;
  effir_free(at: number): void;
  effir_model(at: number, size: number): number;
  effir_weights(): number;
  effir_tokenizer(at: number, size: number): number;
  effir_embed(at: number, size: number, kind: number): number;
  effir_reads(at: number, size: number, kind: number): number;
  effir_result(): bigint;
}

const exportNames = [
  "memory", "_initialize", "effir_alloc", "effir_free", "effir_model", "effir_weights",
  "effir_tokenizer", "effir_embed", "effir_reads", "effir_result",
];

/** Milliseconds from the first text to the measuring of the kernels: it is in the way of neither the first results nor the compiling of hot code. */
const TUNE_AFTER = 100;

/**
 * One instance of the guest and of the kernels that it computes with. Calls run
 * to their end at once. After a GuestStopped the instance is dead.
 */
export class Guest {
  private readonly encoder = new TextEncoder();
  private readonly decoder = new TextDecoder();
  private stopped = false;
  private embedded = false;

  private constructor(
    private readonly kernels: Chosen,
    private readonly kernelExports: WebAssembly.Exports,
    private readonly kernelMemory: WebAssembly.Memory,
    private readonly exports: Exports,
    private readonly lastWords: string[],
    private readonly tuned: () => void,
  ) {}

  /** start instantiates the kernels, then the guest over them. tuned is called when the kernels have been, see tune. */
  static async start(kernels: Chosen, guest: WebAssembly.Module, tuned = (): void => {}): Promise<Guest> {
    const lastWords: string[] = [];
    const wasi = new Wasi((line) => {
      if (lastWords.length < 4) lastWords.push(line);
      console.error(line);
    });
    const kernel = await instantiate(kernels);
    const instance = await WebAssembly.instantiate(guest, {
      kernel: kernel.exports,
      wasi_snapshot_preview1: wasi.imports(guest) as WebAssembly.ModuleImports,
    });
    for (const name of exportNames) {
      if (!(name in instance.exports)) throw new Error(`guest.wasm lacks ${name}: it is of another version than this script`);
    }
    const exports = instance.exports as unknown as Exports;
    wasi.attach(exports.memory);
    const started = new Guest(kernels, kernel.exports, kernel.exports.memory as WebAssembly.Memory, exports, lastWords, tuned);
    started.guarded(() => exports._initialize());
    return started;
  }

  /** model reads model.json and returns the kernel-memory offset for the weights image. */
  model(manifest: Uint8Array): number {
    this.send(manifest, (at) => this.exports.effir_model(at, manifest.length));
    return this.guarded(() => this.exports.effir_weights() >>> 0);
  }

  /** writeWeights copies verified bytes into kernel memory. */
  writeWeights(at: number, bytes: Uint8Array): void {
    new Uint8Array(this.kernelMemory.buffer).set(bytes, at);
  }

  /** viewWeights returns what lies in kernel memory, good until that grows. */
  viewWeights(at: number, size: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.kernelMemory.buffer as ArrayBuffer, at, size);
  }

  /** memoryBytes is what both modules have taken. */
  get memoryBytes(): number {
    return this.kernelMemory.buffer.byteLength + this.exports.memory.buffer.byteLength;
  }

  /** tokenizer completes the encoder. */
  tokenizer(bytes: Uint8Array): void {
    this.send(bytes, (at) => this.exports.effir_tokenizer(at, bytes.length));
  }

  /** embed returns the embedding of a text: unit length, the model's dims floats. */
  embed(text: string, kind: Kind): Float32Array<ArrayBuffer> {
    const bytes = this.encoder.encode(text);
    const result = this.send(bytes, (at) => this.exports.effir_embed(at, bytes.length, kind === "query" ? 0 : 1));
    if (!this.embedded) setTimeout(() => void this.tune(), TUNE_AFTER);
    this.embedded = true;
    return new Float32Array(result.buffer);
  }

  /** tune has the kernels compute in the way that is fastest here; it happens by itself behind the first text. */
  async tune(): Promise<void> {
    await tune(this.kernels, this.kernelExports);
    this.tuned();
  }

  /** reads returns what must be in place before embed. It needs the tokenizer, but no weights. */
  reads(text: string, kind: Kind): Reads {
    const bytes = this.encoder.encode(text);
    const result = this.send(bytes, (at) => this.exports.effir_reads(at, bytes.length, kind === "query" ? 0 : 1));
    const [tokens = 0, ...numbers] = new Uint32Array(result.buffer);
    const ranges: Range[] = [];
    for (let i = 0; i < numbers.length; i += 2) ranges.push({ offset: numbers[i]!, bytes: numbers[i + 1]! });
    return { tokens, table: ranges[0]!, rows: ranges.slice(1) };
  }

  /** send passes bytes to a call and returns a copy of its result. */
  private send(bytes: Uint8Array, call: (at: number) => number): Uint8Array<ArrayBuffer> {
    return this.guarded(() => {
      const at = this.exports.effir_alloc(bytes.length) >>> 0;
      new Uint8Array(this.exports.memory.buffer).set(bytes, at);
      const status = call(at);
      const packed = BigInt.asUintN(64, this.exports.effir_result());
      const from = Number(packed >> 32n);
      const result = new Uint8Array(this.exports.memory.buffer).slice(from, from + Number(packed & 0xffffffffn));
      this.exports.effir_free(at);
      if (status !== 0) throw new GuestError(this.decoder.decode(result));
      return result;
    });
  }

  /** guarded runs calls; whatever but a refusal comes out of them is the end of the instance. */
  private guarded<T>(calls: () => T): T {
    if (this.stopped) throw new GuestStopped("the search engine had stopped");
    try {
      return calls();
    } catch (thrown) {
      if (thrown instanceof GuestError) throw thrown;
      this.stopped = true;
      throw new GuestStopped(`the search engine stopped: ${[message(thrown), ...this.lastWords].join("; ")}`);
    }
  }
}
