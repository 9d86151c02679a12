import "./content.test.ts";
import "./snippet.test.ts";
import "./kernels.test.ts";
import "./manifest.test.ts";
import "./race.test.ts";
import "./storage.test.ts";
import "./site.test.ts";
import "./wasi.test.ts";
export { run } from "./harness.ts";
