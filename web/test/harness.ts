/** A test harness of one page: test() registers, run() runs all in order and reports, runOne() one. */

export interface Outcome {
  name: string;
  error?: string;
}

const tests: { name: string; body: () => Promise<void> | void }[] = [];

export function test(name: string, body: () => Promise<void> | void): void {
  tests.push({ name, body });
}

export async function run(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [i, { name }] of tests.entries()) {
    const error = await runOne(i);
    outcomes.push({ name, ...(error && { error }) });
  }
  return outcomes;
}

/** names lists the tests; runOne runs one of them and returns what is wrong, or "". */
export function names(): string[] {
  return tests.map(({ name }) => name);
}

export async function runOne(i: number): Promise<string> {
  try {
    await tests[i]!.body();
    return "";
  } catch (thrown) {
    return thrown instanceof Error ? `${thrown.message}\n${thrown.stack ?? ""}` : String(thrown); // not every stack begins with the message
  }
}

/** equal compares by JSON and says what differs. */
export function equal(got: unknown, want: unknown, what: string): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  if (a !== b) throw new Error(`${what}: got ${a}, want ${b}`);
}

/** fails expects a promise to be rejected with a message that contains all parts. */
export async function fails(promise: Promise<unknown>, ...parts: string[]): Promise<void> {
  let text: string;
  try {
    await promise;
    text = "nothing was thrown";
  } catch (thrown) {
    text = String(thrown);
  }
  for (const part of parts) if (!text.includes(part)) throw new Error(`want an error with ${JSON.stringify(part)}, got: ${text}`);
}
