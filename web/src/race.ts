/** Way is one of several ways to compute the same thing, for a number of rounds. */
export type Way = (rounds: number) => unknown;

/** Clock is what a race measures by, and how it lets time pass. */
export interface Clock {
  /** Milliseconds, in steps of any size. */
  now(): number;
  /** pause lets engines compile and other calls be answered. */
  pause(): Promise<void>;
}

const wall: Clock = {
  now: () => performance.now(),
  pause: () => new Promise((resolve) => setTimeout(resolve, 20)),
};

/** Rounds of each way after which engines compile it again, better; V8 does so after 5,000 to 10,000. */
const RUN_IN = 40_000;

/** A window is at least so many milliseconds and so many steps of the clock; what other programs take of the processor spoils few of that length. */
const AT_LEAST = 1;
const STEPS = 10;

/** Windows of each way that in a row show no better code. */
const SETTLED = 3;

/** Milliseconds that no window should exceed, since nothing else is answered meanwhile, and that all windows may take. */
const LONGEST = 20;
const IN_ALL = 200;

/**
 * race says whether the second way takes less than `factor` times as long as the
 * first, or undefined if it cannot tell. Three things would mislead it:
 *
 * - Pages that are not isolated have a clock of 0.1 ms (Chromium) or 1 ms. Windows
 *   are many steps long, and times that differ by what steps may hide decide nothing.
 * - Engines compile twice, quickly and then well, each function for itself and
 *   whenever a thread is free; of code compiled quickly either may be the faster.
 *   So both ways are run in, and only windows count that follow pauses which
 *   brought no better code any more.
 * - Other programs take the processor away: of windows the least counts.
 */
export async function race(ways: readonly [Way, Way], factor: number, clock: Clock = wall): Promise<boolean | undefined> {
  const step = clockStep(clock);
  const window = Math.max(AT_LEAST, STEPS * step);
  if (window > LONGEST) return undefined;
  for (const way of ways) way(RUN_IN);

  let rounds = RUN_IN / 4;
  let best = [Infinity, Infinity];
  let settled = 0;
  const longer = (times: number): void => {
    rounds *= times;
    best = [Infinity, Infinity];
    settled = 0;
  };
  for (let spent = 0; spent < IN_ALL; ) {
    const took = [0, 0];
    for (const [i, way] of ways.entries()) {
      await clock.pause();
      const began = clock.now();
      way(rounds);
      took[i] = clock.now() - began;
    }
    const [shorter, all] = [Math.min(...took), took[0]! + took[1]!];
    spent += Math.max(step, all); // however a clock errs, there is an end
    if (shorter < 0) continue;
    if (shorter < window) {
      longer(Math.min(8, Math.max(1.5, window / Math.max(shorter, step))));
      continue;
    }
    const better = took.some((ms, i) => ms + 2 * step < 0.8 * best[i]!);
    best = best.map((ms, i) => Math.min(ms, took[i]!));
    settled = better ? 1 : settled + 1;
    if (settled < SETTLED) continue;
    const difference = best[1]! - factor * best[0]!;
    if (Math.abs(difference) > (1 + factor) * step) return difference < 0;
    if (2 * shorter > LONGEST) return undefined;
    longer(2);
  }
  return undefined;
}

/** clockStep returns the least difference between two times of the clock, Infinity if it stands still. */
function clockStep(clock: Clock): number {
  let step = Infinity;
  let last = clock.now();
  for (let reads = 0, changes = 0; reads < 100_000 && changes < 3; reads++) {
    const time = clock.now();
    if (time > last) {
      step = Math.min(step, time - last);
      changes++;
    }
    last = time;
  }
  return step;
}
