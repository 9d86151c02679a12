/** Times of one benchmark in milliseconds, sorted. */
export interface Bench {
  tokens: number;
  times: number[];
  median: number;
}

const WARM_UP = 3;
const RUNS = 20;

// Short words that every tokenizer knows as one token each.
const WORDS = "time people way water words man day part place work year back long most life house world school city line".split(" ");

/** textOf returns a text of n words, different for each seed, so that nothing can be remembered. */
export function textOf(n: number, seed: number): string {
  return Array.from({ length: n }, (_, i) => WORDS[(i * 7 + seed) % WORDS.length]).join(" ");
}

/** measure embeds texts of n words, one at a time, and returns the times of all but the first few. */
export async function measure(embed: (text: string) => Promise<unknown>, words: number, tokens: number): Promise<Bench> {
  const times: number[] = [];
  for (let i = 0; i < WARM_UP + RUNS; i++) {
    const text = textOf(words, i);
    const began = performance.now();
    await embed(text);
    if (i >= WARM_UP) times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  return { tokens, times, median: median(times) };
}

/** median of sorted numbers. */
export function median(sorted: number[]): number {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
