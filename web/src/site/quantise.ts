import { ContentError } from "../errors.ts";

/** A vector as int8 numbers times one scale. */
export interface Quantised {
  row: Int8Array;
  scale: number;
}

/**
 * quantise is index.Quantise in Go: scale = max |x| / 127, q = x / scale rounded
 * half to even, all in float32. The all-zero vector has scale 0.
 */
export function quantise(vector: Float32Array): Quantised {
  let largest = 0;
  for (const x of vector) {
    if (!(Math.abs(x) <= 1e9)) throw new ContentError("a vector holds a number that is not finite or beyond 1e9; the model's output is unusable");
    largest = Math.max(largest, Math.abs(x));
  }
  const scale = Math.fround(largest / 127);
  const row = new Int8Array(vector.length);
  if (scale === 0) return { row, scale };
  for (let i = 0; i < row.length; i++) {
    // Only subnormal scales, which are coarse, leave [-127, 127].
    row[i] = Math.min(Math.max(roundEven(Math.fround(vector[i]! / scale)), -127), 127);
  }
  return { row, scale };
}

/** roundEven rounds to the nearest integer, halves to the even one. */
function roundEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest === 0.5) return down + (down & 1 ? 1 : 0);
  return rest < 0.5 ? down : down + 1;
}

/** Rows of int8 numbers, each with a scale. */
export interface Matrix {
  rows: Int8Array; // scales.length x dims
  scales: Float32Array;
}

/** similarities are the cosines of a query and each row. */
export function similarities(query: Quantised, matrix: Matrix): Float32Array {
  const dims = query.row.length;
  return matrix.scales.map((scale, i) => similarity(query, { row: matrix.rows.subarray(i * dims, (i + 1) * dims), scale }));
}

/** similarity is the cosine of two vectors of unit length, as index.Vectors has it: an exact product, then two float32 scalings. */
export function similarity(a: Quantised, b: Quantised): number {
  const [x, y] = [a.row, b.row];
  let dot = 0;
  for (let i = 0; i < x.length; i++) dot = (dot + x[i]! * y[i]!) | 0;
  return Math.fround(Math.fround(Math.fround(dot) * a.scale) * b.scale);
}
