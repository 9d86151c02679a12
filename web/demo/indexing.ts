/** What /status.json says while a program indexes; plain static hosting has no such file. */
export interface Progress {
  passages: number;
  embedded: number;
  done: boolean;
  error?: string;
}

const EVERY = 2000; // milliseconds

/** watch calls back with each new state of indexing until it is done. */
export async function watch(changed: (progress: Progress) => Promise<void>): Promise<void> {
  let last = "";
  for (;;) {
    let progress: Progress;
    try {
      const response = await fetch("status.json", { cache: "no-store" });
      if (response.status === 404) return;
      if (!response.ok) throw new Error(String(response.status));
      progress = (await response.json()) as Progress;
    } catch {
      await sleep(EVERY); // the program may be starting again
      continue;
    }
    const now = JSON.stringify(progress);
    if (now !== last) await changed(progress);
    last = now;
    if (progress.done) return;
    await sleep(EVERY);
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
