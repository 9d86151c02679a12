import { race, type Clock, type Way } from "../src/race.ts";
import { equal, test } from "./harness.ts";

/** Engine is what a way meets: its nanoseconds a round once compiled well, and from which moment on that code is used. */
interface Engine {
  quick: number; // nanoseconds a round at first
  well: number;
  from?: number; // milliseconds; without it from the first round on
}

/** Times from Chromium, with and without the instruction that adds four products. */
const engines: Record<string, { engines: [Engine, Engine]; fours: boolean }> = {
  "with VNNI": { engines: [{ quick: 40, well: 16.3 }, { quick: 37, well: 13.9 }], fours: true },
  "without VNNI": { engines: [{ quick: 97, well: 16.2 }, { quick: 96, well: 28.5 }], fours: false },
};

/** Simulation is a machine on which nothing takes time but rounds and pauses. */
class Simulation implements Clock {
  time = 1234.567; // milliseconds
  spoilt = 0; // calls that another program was let in at
  private random = 1;

  /** read makes what the clock shows of the time. */
  constructor(private readonly read: (time: number, random: () => number) => number) {}

  now(): number {
    this.time += 0.00005;
    return this.read(this.time, () => this.next());
  }

  async pause(): Promise<void> {
    this.time += 20 + this.next();
  }

  /** ways of engines, of which every so manieth call is interrupted. */
  ways(engines: [Engine, Engine], interrupted = Infinity): [Way, Way] {
    let calls = 0;
    const way = ({ quick, well, from = 0 }: Engine): Way => (rounds) => {
      const late = this.time >= 1234.567 + from;
      this.time += (rounds * (late ? well : quick)) / 1e6;
      if (++calls % interrupted === 0) {
        this.time += 4 + 8 * this.next();
        this.spoilt++;
      }
    };
    return [way(engines[0]), way(engines[1])];
  }

  private next(): number {
    this.random = (Math.imul(this.random, 1664525) + 1013904223) >>> 0;
    return this.random / 2 ** 32;
  }
}

const coarse = (step: number) => (time: number) => Math.floor(time / step) * step;
// As browsers do it: within each step the clock goes on at a random moment.
const jittered = (step: number) => (time: number, random: () => number) => Math.floor(time / step + random()) * step;

const clocks: Record<string, (time: number, random: () => number) => number> = {
  "exact": (time) => time,
  "of 5 µs": coarse(0.005),
  "of 0.1 ms": coarse(0.1),
  "of 0.1 ms with jitter": jittered(0.1),
  "of 1 ms": coarse(1),
};

test("the faster way wins by every clock", async () => {
  for (const [clock, read] of Object.entries(clocks)) {
    for (const [machine, { engines: of, fours }] of Object.entries(engines)) {
      for (const interrupted of [Infinity, 7, 5]) {
        const simulation = new Simulation(read);
        const began = simulation.time;
        const won = await race(simulation.ways(of, interrupted), 1.15, simulation);
        equal(won, fours, `${machine}, clock ${clock}, every ${interrupted}th call interrupted`);
        if (simulation.time - began > 2500) throw new Error(`${machine}, clock ${clock}: ${simulation.time - began} ms`);
      }
    }
  }
});

test("code that is compiled well only later does not mislead", async () => {
  // Also one of the ways long before the other: each function is compiled for itself.
  for (const [first, second] of [[50, 50], [120, 120], [5, 80], [80, 5]] as const) {
    for (const [machine, { engines: of, fours }] of Object.entries(engines)) {
      const simulation = new Simulation(clocks["of 0.1 ms"]!);
      const late: [Engine, Engine] = [{ ...of[0], from: first }, { ...of[1], from: second }];
      equal(await race(simulation.ways(late), 1.15, simulation), fours, `${machine}, compiled after ${first} and ${second} ms`);
    }
  }
});

test("a race by Chromium's usual clock is short", async () => {
  const simulation = new Simulation(clocks["of 0.1 ms"]!);
  const ways = simulation.ways(engines["with VNNI"]!.engines);
  let longest = 0;
  let sum = 0;
  const timed = ways.map((way): Way => (rounds) => {
    const began = simulation.time;
    way(rounds);
    longest = Math.max(longest, simulation.time - began);
    sum += simulation.time - began;
  });
  await race([timed[0]!, timed[1]!], 1.15, simulation);
  if (longest > 5 || sum > 20) throw new Error(`${longest} ms at a time, ${sum} ms in all`);
});

test("what a clock cannot tell stays open", async () => {
  const { engines: of } = engines["with VNNI"]!;
  let turns = 0;
  for (const [clock, read] of Object.entries({
    "stands still": () => 5,
    "of 100 ms": coarse(100),
    "goes backwards": (time: number) => -time,
    "at random": (_: number, random: () => number) => random() * 1000,
    "jumps now and then": (time: number) => (++turns % 2 ? time : time - 50),
  })) {
    const simulation = new Simulation(read);
    const began = simulation.time;
    const won = await race(simulation.ways(of), 1.15, simulation);
    if (clock !== "at random") equal(won, undefined, `clock ${clock}`);
    if (simulation.time - began > 60_000) throw new Error(`clock ${clock}: ${simulation.time - began} ms`);
  }
  const alike = new Simulation(clocks["of 1 ms"]!);
  equal(await race(alike.ways([{ quick: 16, well: 16 }, { quick: 18.4, well: 18.4 }]), 1.15, alike), undefined, "as fast as each other");
});
