import { race, type Way } from "./race.ts";
import { wrongOperation } from "./selftest.ts";
import type { Kernels, Products } from "./types.ts";

/** A kernel module that was chosen, compiled. */
export interface Chosen {
  name: Kernels;
  module: WebAssembly.Module;
  /** Whether this machine multiplies faster with the instruction that adds four products; undefined until tune has measured it. */
  dotInFours: boolean | undefined;
}

/** instantiate starts the chosen kernels. They multiply in twos unless fours are known to be faster. */
export async function instantiate({ module, dotInFours }: Chosen): Promise<WebAssembly.Instance> {
  const instance = await WebAssembly.instantiate(module);
  setDot(instance.exports, dotInFours);
  return instance;
}

function setDot(exports: WebAssembly.Exports, inFours: boolean | undefined): void {
  (exports.dot_in_fours as DotInFours | undefined)?.(inFours ? 1 : 0);
}

type DotInFours = (yes: number) => void;

/**
 * tune measures which way to multiply is the faster one here, unless that is
 * known, and has the kernels use it. Bits do not depend on it, so that it can
 * happen at any time: it takes 10 ms, 60 with a clock of whole milliseconds,
 * between pauses, and belongs behind a first answer. Where nothing can be told,
 * twos stay, which are fast on every processor.
 */
export async function tune(chosen: Chosen, exports: WebAssembly.Exports): Promise<void> {
  // 7-bit weights gain more by fours than the 4-bit ones that are measured.
  chosen.dotInFours ??= (await race([exports.limit_q4_twos as Way, exports.limit_fours as Way], 1.15)) ?? false;
  setDot(exports, chosen.dotInFours);
}

/** productsOf names the way in which the chosen kernels multiply, once it is known. */
export function productsOf({ name, dotInFours }: Chosen): Products | undefined {
  if (name === "baseline" || dotInFours === undefined) return undefined;
  return dotInFours ? "fours" : "twos";
}

// (func (result v128) (i16x8.relaxed_dot_i8x16_i7x16_s (i8x16.splat 0) (i8x16.splat 0)))
const RELAXED_PROBE = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // magic, version
  0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b, // type: () -> v128
  0x03, 0x02, 0x01, 0x00, // one function of it
  0x0a, 0x0f, 0x01, 0x0d, 0x00, // its body, no locals
  0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, // two vectors
  0xfd, 0x92, 0x02, 0x0b, // the relaxed dot product, end
]);

/** hasRelaxedSimd says whether the engine knows the relaxed dot product. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(RELAXED_PROBE);
}

/**
 * choose compiles the kernels to use, once they have shown that this browser
 * computes all their operations bit by bit as they should be: an engine may
 * accept instructions and get them wrong. "auto" then takes the baseline instead
 * of the relaxed module; where no module is left, the error names the operation.
 */
export async function choose(
  wanted: Kernels | "auto",
  load: (name: Kernels) => Promise<WebAssembly.Module>,
): Promise<Chosen> {
  if (wanted !== "auto") return checked(wanted, load);
  const relaxed = hasRelaxedSimd() && (await checked("relaxed", load).catch(() => undefined));
  return relaxed || checked("baseline", load);
}

async function checked(name: Kernels, load: (name: Kernels) => Promise<WebAssembly.Module>): Promise<Chosen> {
  const module = await load(name);
  const wrong = wrongOperation(await WebAssembly.instantiate(module));
  if (wrong !== undefined) {
    throw new Error(`this browser computes ${wrong} of kernels_${name}.wasm wrongly, so that texts have no meaning to it; update the browser, or report it with its version`);
  }
  return { name, module, dotInFours: name === "baseline" ? false : undefined };
}
