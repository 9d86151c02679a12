import "./content.test.ts";
import "./highlight.test.ts";
import "./kernels.test.ts";
import "./manifest.test.ts";
import "./wasi.test.ts";
export { run } from "./harness.ts";
