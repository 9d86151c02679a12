/**
 * What the pages of all systems share: the first question is in the page's address, results are shown
 * as they come, and the benchmark reads from `bench` when they were there.
 */

export type Mode = "keyword" | "semantic";

export interface Hit {
  url: string;
  title: string;
  text: string;
}

/** A system that has been opened. It yields results once, or once by keyword and then again better. */
export type Ask = (question: string, mode: Mode) => AsyncIterable<{ mode: Mode; hits: Hit[] }>;

/** The pages of a site that are shown. */
export const LIMIT = 10;

/** run opens a system, has it answer the question in the address, and lets the benchmark ask others. */
export function run(open: (mode: Mode) => Promise<Ask>): void {
  const parameters = new URLSearchParams(location.search);
  const wanted = (parameters.get("mode") ?? "keyword") as Mode;
  const opened = open(wanted);

  /** answer returns the paths of the pages that a question finds, as they are shown at last. */
  async function answer(question: string, mode: Mode): Promise<string[]> {
    const ask = await opened;
    let last: Hit[] = [];
    for await (const { hits } of ask(question, mode)) last = hits;
    return last.map(({ url }) => new URL(url, location.href).pathname.slice(1));
  }

  /** first resolves to the milliseconds from the navigation to the first results of each kind. */
  async function first(question: string): Promise<Partial<Record<Mode, number>>> {
    const ask = await opened;
    const times: Partial<Record<Mode, number>> = {};
    for await (const { mode, hits } of ask(question, wanted)) {
      show(hits);
      times[mode] ??= performance.now();
      if (mode === wanted) break;
    }
    // The server tells by this request what was asked for before.
    await fetch(`/answered/${wanted}`, { method: "POST" });
    return times;
  }

  const question = parameters.get("question");
  const done = question === null ? undefined : first(question);
  done?.catch(() => {}); // the benchmark asks for it
  Object.assign(globalThis, { bench: { first: done, answer } });
}

function show(hits: Hit[]): void {
  const list = document.querySelector("ol")!;
  list.replaceChildren(
    ...hits.map(({ url, title, text }) => {
      const link = Object.assign(document.createElement("a"), { href: url, textContent: title });
      const item = document.createElement("li");
      item.append(link, Object.assign(document.createElement("p"), { textContent: text }));
      return item;
    }),
  );
}
