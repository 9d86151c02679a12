import type { Data, System } from "./system.ts";

interface Index {
  initIndex(capacity: number, m: number, efConstruction: number, seed: number): void;
  setEfSearch(ef: number): void;
  addPoints(points: Float32Array[], labels: number[], replaceDeleted: boolean): void;
  searchKnn(query: Float32Array, limit: number, filter: undefined): { neighbors: number[] };
}

/** hnswlib is hnswlib-wasm by inner product. */
export async function hnswlib(data: Data, m: number, efConstruction: number): Promise<System> {
  const address = "/npm/hnswlib-wasm/dist/hnswlib.js";
  const { loadHnswlib } = await import(address);
  const library = await loadHnswlib();
  const index: Index = new library.HierarchicalNSW("ip", data.dims, "");
  index.initIndex(data.count, m, efConstruction, 100);
  return {
    add(first, count) {
      const points = [], labels = [];
      for (let row = first; row < first + count; row++) {
        points.push(data.rows.subarray(row * data.dims, (row + 1) * data.dims));
        labels.push(row);
      }
      index.addPoints(points, labels, false);
    },
    tune: (ef) => index.setEfSearch(ef),
    search: (query, limit) => index.searchKnn(query, limit, undefined).neighbors,
  };
}
