/**
 * The part of WASI preview 1 that a Go reactor needs: clocks, random bytes,
 * standard error. It has no files, no arguments and no environment.
 */

const SUCCESS = 0;
const BADF = 8;
const NOSYS = 52;

const EVENT_BYTES = 32;
const SUBSCRIPTION_BYTES = 48;
const RANDOM_CHUNK = 65536; // the most that getRandomValues fills at once

/** Thrown out of the guest when it calls proc_exit. */
export class Exit extends Error {
  override name = "Exit";
  constructor(readonly code: number) {
    super(`exit status ${code}`);
  }
}

export class Wasi {
  private memory: WebAssembly.Memory | undefined;
  private readonly decoder = new TextDecoder();
  private line = "";

  /** log receives each line that the guest writes to standard output or error. */
  constructor(private readonly log: (line: string) => void) {}

  /** attach gives the functions the memory of the instance that imports them. */
  attach(memory: WebAssembly.Memory): void {
    this.memory = memory;
  }

  /** imports returns a function for each import of module from WASI; those not known answer ENOSYS. */
  imports(module: WebAssembly.Module): Record<string, CallableFunction> {
    const known = this.functions();
    const imports: Record<string, CallableFunction> = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      if (from === "wasi_snapshot_preview1") imports[name] = known[name] ?? (() => NOSYS);
    }
    return imports;
  }

  // The view is made anew for each call: growing a memory detaches its buffer.
  private view(): DataView {
    if (!this.memory) throw new Error("wasi: used before the instance exists");
    return new DataView(this.memory.buffer);
  }

  private functions(): Record<string, CallableFunction> {
    const none = (countAt: number, bytesAt: number): number => {
      const view = this.view();
      view.setUint32(countAt, 0, true);
      view.setUint32(bytesAt, 0, true);
      return SUCCESS;
    };
    return {
      args_sizes_get: none,
      environ_sizes_get: none,
      args_get: () => SUCCESS,
      environ_get: () => SUCCESS,
      sched_yield: () => SUCCESS,
      fd_close: () => BADF,
      fd_read: () => BADF,
      fd_prestat_get: () => BADF, // ends the runtime's search for directories
      fd_prestat_dir_name: () => BADF,
      fd_fdstat_set_flags: () => SUCCESS,
      fd_fdstat_get: (fd: number, at: number) => this.describe(fd, at),
      fd_write: (fd: number, vectors: number, count: number, writtenAt: number) => this.write(fd, vectors, count, writtenAt),
      clock_time_get: (clock: number, _precision: bigint, at: number) => this.time(clock, at),
      random_get: (at: number, size: number) => this.random(at, size),
      poll_oneoff: (subscriptions: number, events: number, count: number, countAt: number) =>
        this.poll(subscriptions, events, count, countAt),
      proc_exit: (code: number) => {
        throw new Exit(code);
      },
    };
  }

  private describe(fd: number, at: number): number {
    if (fd > 2) return BADF;
    const view = this.view();
    for (let i = 0; i < 24; i += 8) view.setBigUint64(at + i, 0n, true);
    view.setUint8(at, 2); // a character device
    view.setBigUint64(at + 8, 1n << 6n, true); // that may be written to
    return SUCCESS;
  }

  private write(fd: number, vectors: number, count: number, writtenAt: number): number {
    if (fd !== 1 && fd !== 2) return BADF;
    const view = this.view();
    let written = 0;
    for (let i = 0; i < count; i++) {
      const at = view.getUint32(vectors + 8 * i, true);
      const size = view.getUint32(vectors + 8 * i + 4, true);
      this.line += this.decoder.decode(new Uint8Array(view.buffer, at, size), { stream: true });
      written += size;
    }
    view.setUint32(writtenAt, written, true);
    const lines = this.line.split("\n");
    this.line = lines.pop() ?? "";
    for (const line of lines) this.log(line);
    return SUCCESS;
  }

  private time(clock: number, at: number): number {
    const milliseconds = clock === 0 ? Date.now() : performance.now();
    this.view().setBigUint64(at, BigInt(Math.round(milliseconds * 1e6)), true);
    return SUCCESS;
  }

  private random(at: number, size: number): number {
    const bytes = new Uint8Array(this.view().buffer as ArrayBuffer, at, size);
    for (let i = 0; i < size; i += RANDOM_CHUNK) crypto.getRandomValues(bytes.subarray(i, i + RANDOM_CHUNK));
    return SUCCESS;
  }

  /**
   * poll answers every clock subscription at once. A worker cannot sleep inside
   * a call, and the Go scheduler, the only caller, looks at the time again after
   * a wake-up that came early.
   */
  private poll(subscriptions: number, events: number, count: number, countAt: number): number {
    const view = this.view();
    for (let i = 0; i < count; i++) {
      const from = subscriptions + i * SUBSCRIPTION_BYTES;
      const to = events + i * EVENT_BYTES;
      const type = view.getUint8(from + 8);
      for (let j = 8; j < EVENT_BYTES; j += 8) view.setBigUint64(to + j, 0n, true);
      view.setBigUint64(to, view.getBigUint64(from, true), true);
      view.setUint16(to + 8, type === 0 ? SUCCESS : NOSYS, true);
      view.setUint8(to + 10, type);
    }
    view.setUint32(countAt, count, true);
    return SUCCESS;
  }
}
