/** System is one way to embed texts. */
export interface System {
  /** load gets the parameters of the page's URL and brings the system to where it can embed. */
  load(parameters: Record<string, string>): Promise<void>;
  /** embed returns the embedding of a text as a passage, of length one. */
  embed(text: string): Float32Array | Promise<Float32Array>;
  /** embedAll embeds texts in the way in which the system does most of them in a second. */
  embedAll?(texts: string[]): Promise<unknown>;
  /** tokens counts what the model reads of a text, special tokens included, as far as the system tells. */
  tokens?(text: string): number | Promise<number>;
  /** kernels returns the milliseconds that the kernels alone take for a text, measured for at least so many. */
  kernels?(text: string, atLeast: number): Promise<number>;
  /** rate returns 10^9 operations a second of a product, see Rates. */
  rate?(kernel: string, ...parameters: number[]): Promise<number>;
  /** operation does so of another kernel, or of its limit. */
  operation?(name: string, counts?: Record<string, number>): Promise<number>;
  /** choice names the kernels that compute and how they multiply, once that is decided. */
  choice?(): Promise<string>;
}

/** Methods are what the benchmark asks of a system. */
export type Methods = Record<"load" | "embed" | "tokens" | "time" | "kernels" | "documents" | "rate" | "operation" | "choice", (...parameters: never[]) => unknown>;

/** What a page asks of a system in a worker, and what that answers. */
export interface Question {
  id: number;
  method: keyof Methods;
  parameters: unknown[];
}

export interface Answer {
  id: number;
  value?: unknown;
  error?: string;
}

/** methodsOf returns what the benchmark asks of a system. */
export function methodsOf(system: System): Methods {
  let turn = 0;

  /**
   * time embeds texts in turn, for at least so many milliseconds and at least
   * once, and returns the milliseconds of one.
   */
  async function time(texts: string[], atLeast: number): Promise<number> {
    const began = performance.now();
    for (let count = 1; ; count++) {
      await system.embed(texts[turn++ % texts.length]!);
      const took = performance.now() - began;
      if (took >= atLeast) return took / count;
    }
  }

  return {
    load: (parameters: Record<string, string>) => system.load(parameters),
    embed: async (text: string) => Array.from(await system.embed(text)),
    tokens: (text: string) => system.tokens?.(text) ?? 0,
    time,
    documents: async (texts: string[]) => {
      const began = performance.now();
      await system.embedAll!(texts);
      return (performance.now() - began) / texts.length;
    },
    kernels: (text: string, atLeast: number) => {
      if (!system.kernels) throw new Error("this system does not show its kernels");
      return system.kernels(text, atLeast);
    },
    rate: (kernel: string, ...parameters: number[]) => {
      if (!system.rate) throw new Error("this system does not show its kernels");
      return system.rate(kernel, ...parameters);
    },
    operation: (name: string, counts?: Record<string, number>) => {
      if (!system.operation) throw new Error("this system does not show its kernels");
      return system.operation(name, counts);
    },
    choice: () => system.choice?.() ?? "",
  };
}

/** serve lets the page use a system that lives in this worker. */
export function serve(system: System): void {
  const methods = methodsOf(system);
  globalThis.onmessage = async ({ data: { id, method, parameters } }: MessageEvent<Question>) => {
    try {
      const value = await methods[method](...(parameters as never[]));
      postMessage({ id, value } satisfies Answer);
    } catch (thrown) {
      const error = thrown instanceof Error ? `${thrown.message} ${thrown.stack ?? ""}` : String(thrown);
      postMessage({ id, error } satisfies Answer);
    }
  };
}
