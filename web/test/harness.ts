/** A test harness of one page: test() registers, run() runs all in order and reports. */

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
  for (const { name, body } of tests) {
    try {
      await body();
      outcomes.push({ name });
    } catch (thrown) {
      outcomes.push({ name, error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) });
    }
  }
  return outcomes;
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
