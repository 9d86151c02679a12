// The protocol between the benchmark and a peer: one JSON object a line, {"do": name, ...arguments} on
// standard input, answered on standard output by {"result": ...} or {"error": text}.
import { createInterface } from "node:readline";

export async function serve(actions) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: name, ...request } = JSON.parse(line);
    let answer;
    try {
      answer = { result: (await actions[name](request)) ?? null };
    } catch (error) {
      answer = { error: String(error?.stack ?? error) };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
}

// each runs a piece of work for every item and returns the milliseconds that each took.
export async function each(items, work) {
  const times = [];
  for (const item of items) {
    const start = performance.now();
    await work(item);
    times.push(performance.now() - start);
  }
  return times;
}
