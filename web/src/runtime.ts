import { BUILD, fileOf, isOther, otherBuild, SECTION } from "./build.ts";
import { ContentError, message } from "./errors.ts";
import { Guest } from "./guest.ts";
import { choose, productsOf, type Chosen } from "./kernels.ts";
import type { Kernels, Products } from "./types.ts";

/** What a guest is instantiated from; another worker can be sent it. */
export interface Modules {
  kernels: Chosen;
  guest: WebAssembly.Module;
}

/** The compiled modules. Guests are started from it as often as needed. */
export class Runtime {
  private constructor(readonly modules: Modules) {}

  /** load fetches and compiles guest and kernels from a folder. */
  static async load(folder: URL, wanted: Kernels | "auto"): Promise<Runtime> {
    const [kernels, guest] = await Promise.all([
      choose(wanted, (name) => compile(fileOf(`kernels_${name}.wasm`, folder))),
      compile(fileOf("guest.wasm", folder)),
    ]);
    return new Runtime({ kernels, guest });
  }

  get kernelsName(): Kernels {
    return this.modules.kernels.name;
  }

  /** products says how the kernels multiply, once that is known. */
  get products(): Products | undefined {
    return productsOf(this.modules.kernels);
  }

  /** start starts a guest; tuned is called once products is known. */
  start(tuned?: () => void): Promise<Guest> {
    return Guest.start(this.modules.kernels, this.modules.guest, tuned);
  }
}

/** compile fetches a module; servers that send another MIME type than application/wasm are fine. */
async function compile(url: URL): Promise<WebAssembly.Module> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (thrown) {
    throw new ContentError(`${url} could not be fetched (${message(thrown)}); check the connection and try again`);
  }
  if (!response.ok) throw new ContentError(`${url} answered ${response.status}; upload the runtime's files beside the script`);
  const module = await compiled(url, response);
  const [mark] = WebAssembly.Module.customSections(module, SECTION);
  // A module without a mark was not published together with a script.
  if (BUILD && mark && isOther(new TextDecoder().decode(mark))) throw new ContentError(otherBuild(url));
  return module;
}

async function compiled(url: URL, response: Response): Promise<WebAssembly.Module> {
  try {
    if (response.headers.get("Content-Type") === "application/wasm") return await WebAssembly.compileStreaming(response);
    return await WebAssembly.compile(await response.arrayBuffer());
  } catch (thrown) {
    throw new ContentError(`${url} is not a WebAssembly module that this browser runs (${message(thrown)})`);
  }
}
