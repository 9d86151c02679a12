/** The vectors to search, row by row, and queries of the same dimensions. */
export interface Data {
  dims: number;
  count: number;
  /** The binary form of package index: what our own search reads. */
  file: Uint8Array;
  /** The same numbers for the others: count x dims. */
  rows: Float32Array;
  queries: Float32Array[];
}

/** System is one way to search. */
export interface System {
  /** add indexes the rows from first on, so many; the calls come in order and cover all. */
  add(first: number, count: number): void;
  /** tune sets how much effort a search makes, where it can be set. */
  tune?(effort: number): void;
  /** search returns the numbers of the rows most similar to a query, best first. */
  search(query: Float32Array, limit: number): ArrayLike<number>;
}
