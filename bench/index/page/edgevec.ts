import type { Data, System } from "./system.ts";

/**
 * edgevec is the graph of EdgeVec by distance, which
 * is nearly the same for vectors of nearly equal length: by cosine or inner product
 * it finds the farthest. Its index of all rows takes binary vectors alone.
 */
export async function edgevec(data: Data, m: number, efConstruction: number, efSearch: number): Promise<System> {
  const address = "/npm/edgevec/edgevec.js";
  const { default: init, EdgeVec, EdgeVecConfig } = await import(address);
  await init();
  const config = new EdgeVecConfig(data.dims);
  config.metric = "l2";
  config.m = m;
  config.m0 = 2 * m;
  config.ef_construction = efConstruction;
  config.ef_search = efSearch;
  const index = new EdgeVec(config);
  const rowOf = new Map<number, number>();
  return {
    add(first, count) {
      for (let row = first; row < first + count; row++) {
        rowOf.set(index.insert(data.rows.subarray(row * data.dims, (row + 1) * data.dims)), row);
      }
    },
    search: (query, limit) => index.search(query, limit).map(({ id }: { id: number }) => rowOf.get(id)!),
  };
}
