import { choose, instantiate } from "../../../web/src/kernels.ts";
import { Wasi } from "../../../web/src/wasi.ts";
import type { Data, System } from "./system.ts";

interface Exports {
  memory: WebAssembly.Memory;
  _initialize(): void;
  bench_alloc(size: number): number;
  bench_vectors(): number;
  bench_two_stage(factor: number): number;
  bench_search(limit: number, stages: number): number;
  bench_result(): bigint;
}

/** Effir is our search of all rows, or in two stages. */
export class Effir {
  private constructor(private readonly exports: Exports, private readonly data: Data) {}

  static async start(data: Data): Promise<{ effir: Effir; kernels: string }> {
    const compile = (name: string) => WebAssembly.compileStreaming(fetch(`/${name}.wasm`));
    const kernels = await choose("auto", (name) => compile(`kernels_${name}`));
    const guest = await compile("guest");
    const wasi = new Wasi(console.error);
    const instance = await WebAssembly.instantiate(guest, {
      kernel: (await instantiate(kernels)).exports,
      wasi_snapshot_preview1: wasi.imports(guest) as WebAssembly.ModuleImports,
    });
    const exports = instance.exports as unknown as Exports;
    wasi.attach(exports.memory);
    exports._initialize();
    return { effir: new Effir(exports, data), kernels: kernels.name };
  }

  /** system searches all rows, or in two stages, whose first leaves factor rows for each one asked for. */
  system(stages: 1 | 2, factor = 0): System {
    const { exports, data } = this;
    return {
      add: (first) => {
        if (first > 0) return; // all at once
        if (stages === 1) {
          this.write(data.file);
          this.check(exports.bench_vectors());
        } else {
          this.check(exports.bench_two_stage(factor));
        }
        this.queryAt = 0;
      },
      search: (query, limit) => {
        this.writeQuery(query);
        this.check(exports.bench_search(limit, stages));
        return new Uint32Array(this.result().slice().buffer);
      },
    };
  }

  private queryAt = 0;

  private writeQuery(query: Float32Array): void {
    if (this.queryAt === 0) this.queryAt = this.exports.bench_alloc(query.byteLength) >>> 0;
    new Float32Array(this.exports.memory.buffer, this.queryAt, query.length).set(query);
  }

  private write(bytes: Uint8Array): void {
    const at = this.exports.bench_alloc(bytes.length) >>> 0;
    new Uint8Array(this.exports.memory.buffer).set(bytes, at);
  }

  private check(status: number): void {
    if (status !== 0) throw new Error(new TextDecoder().decode(this.result()));
  }

  private result(): Uint8Array {
    const packed = this.exports.bench_result();
    return new Uint8Array(this.exports.memory.buffer, Number(packed >> 32n), Number(packed & 0xffffffffn));
  }
}
