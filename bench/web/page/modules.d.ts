/** Modules that the pages load from the server. */
declare module "/effir/effir.js" {
  export { open } from "../../../web/src/index.ts";
}

declare module "/pagefind/pagefind.js" {
  interface Page {
    url: string;
    meta: Record<string, string>;
    plain_excerpt: string;
  }
  export function search(term: string): Promise<{ results: { data(): Promise<Page> }[] }>;
}

declare module "/npm/@huggingface/transformers/dist/transformers.min.js" {
  export const env: {
    allowRemoteModels: boolean;
    localModelPath: string;
    backends: { onnx: { wasm: Record<string, unknown> } };
  };
  type Extract = (text: string, options: { pooling: string; normalize: boolean }) => Promise<{ data: Float32Array }>;
  export function pipeline(task: string, model: string, options: { device: string; dtype: string }): Promise<Extract>;
}
