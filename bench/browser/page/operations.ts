/** Kernels that are no products, on 64 rows of MiniLM or SmolLM2 and on 4096 vectors, and their limits. */
type Function = (...parameters: number[]) => number;

const ROWS = 64;
const HIDDEN = 384;
const WIDTH = 1536;
const VECTORS = 4096;

/** Operation is a call of a kernel and what it amounts to, in the units of the limits. */
interface Operation {
  call: () => void;
  /** Multiplications and additions, values or bytes of a call. */
  count: number;
  /** How many of what limits the call; one follows the other. */
  limits: [name: string, count: number][];
  /** Bytes that come from memory, for what is more than a first-level cache holds. */
  bytes?: number;
}

/** Measure repeats a call of so many operations and returns 10^9 operations a second. */
export type Measure = (operations: number, call: () => void) => number;

/** Operations has its kernels' memory to itself. */
export class Operations {
  private readonly operations: Record<string, Operation>;

  constructor(
    kernels: Record<string, Function>,
    /** The exports of generator.Limits. */
    private readonly limits: Record<string, Function>,
    place: (bytes: number) => number,
    private readonly measure: Measure,
  ) {
    const [x, y, z] = [8, 8, 4].map((bytes) => place(bytes * ROWS * WIDTH)) as [number, number, number];
    const [w, scale, vectors] = [4 * WIDTH, (ROWS * WIDTH) / 8, VECTORS * HIDDEN].map(place) as [number, number, number];
    const scratch = place(4 * ROWS * (64 + 8));
    const call = (name: string, ...parameters: number[]) => () => void kernels[name]!(...parameters);
    const values = (name: string, count: number, ...parameters: number[]): Operation => ({
      call: call(name, ...parameters), count, limits: [[name, count]],
    });
    const attention = (heads: number, kvHeads: number, dim: number, causal: boolean): Operation => {
      const pairs = causal ? (ROWS * (ROWS + 1)) / 2 : ROWS * ROWS;
      const count = 4 * heads * dim * pairs;
      return {
        call: call("attention", y, x, scratch, ROWS, heads, kvHeads, dim, 1 / 8, causal ? 1 : 0),
        count, limits: [["attention", count], ["softmax", heads * pairs]],
      };
    };
    const scan = (name: string, bytes: number): Operation => ({
      ...values(name, VECTORS * bytes, y, x, vectors, VECTORS, bytes), bytes: VECTORS * bytes,
    });
    this.operations = {
      "attention (MiniLM)": attention(12, 12, 32, false),
      "attention (SmolLM2)": attention(9, 3, 64, true),
      quantise: values("quantise", ROWS * WIDTH, vectors, scale, scale, x, ROWS, WIDTH),
      GELU: values("gelu", ROWS * WIDTH, z, w, ROWS, WIDTH),
      SwiGLU: values("swi_glu", ROWS * WIDTH, y, x, ROWS, WIDTH),
      LayerNorm: values("layer_norm", ROWS * HIDDEN, y, x, w, w, ROWS, HIDDEN, 1e-12),
      RMSNorm: values("rms_norm", ROWS * HIDDEN, y, x, w, ROWS, HIDDEN, 1e-5),
      RoPE: values("rope", ROWS * 12 * 64, z, x, ROWS, 12, 64, 960),
      "scan of int8": scan("dot_i8", HIDDEN),
      "scan of bits": scan("hamming", HIDDEN / 8),
    };
  }

  /** rate returns 10^9 operations a second of a kernel, in the units of its count. */
  rate(name: string): number {
    const { call, count } = this.find(name);
    return this.measure(count, call);
  }

  /**
   * limit returns the rate that a kernel cannot exceed: its arithmetic on values
   * that stay in the first-level cache, or reading its bytes if that takes longer.
   * counts: what a round of each limit amounts to (generator.RowLimits).
   */
  limit(name: string, counts: Record<string, number>): number {
    const { count, limits, bytes } = this.find(name);
    let nanoseconds = 0;
    for (const [limit, operations] of limits) {
      const round = counts[limit]!;
      nanoseconds += operations / this.measure(LIMIT_ROUNDS * round, () => void this.limits[limit]!(LIMIT_ROUNDS));
    }
    if (bytes) {
      const memory = this.limits.memory as unknown as WebAssembly.Memory;
      if (memory.buffer.byteLength < 65536 + bytes) {
        memory.grow(Math.ceil(bytes / 65536));
        new Uint8Array(memory.buffer).fill(1, 65536); // what nobody wrote is one page of zeros again and again
      }
      nanoseconds = Math.max(nanoseconds, bytes / this.measure(bytes, () => void this.limits.read!(65536, bytes)));
    }
    return count / nanoseconds;
  }

  private find(name: string): Operation {
    const operation = this.operations[name];
    if (!operation) throw new Error(`no kernel is called ${name}`);
    return operation;
  }
}

const LIMIT_ROUNDS = 1000;
