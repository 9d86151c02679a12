/**
 * Ways in which the test server spoils answers: 404; status 500; a wrong byte;
 * the connection closed after two fifths; without Range; slowly; never; no
 * connection; another folder's files under this one's names.
 */
export type Manner = "missing" | "broken" | "wrong" | "cut" | "whole" | "slow" | "stuck" | "offline" | "change";

let places = 0;

/** Folders of one test: what they hold is the same for all, but each is cached apart. */
export interface Place {
  path: string;
  /** A site's index with vectors of the tiny model, with words only, and with vectors that say another model made them. */
  index: string;
  words: string;
  foreign: string;
  /** The tiny model, the released one of 14 MB, and the tiny one without pages.json. */
  model: string;
  big: string;
  plain: string;
}

export function place(): Place {
  const path = `/t/${Date.now().toString(36)}-${++places}/`;
  const folder = (name: string): string => `${path}${name}/`;
  return {
    path, index: folder("index"), words: folder("words"), foreign: folder("foreign"), model: folder("model"), big: folder("big"), plain: folder("plain"),
  };
}

/** spoil makes the next `times` requests below a path go wrong, or all. */
export async function spoil(path: string, manner: Manner, times = 0, change = ""): Promise<void> {
  await fetch("/spoil", { method: "POST", body: new URLSearchParams({ path, manner, times: String(times), change }) });
}

/** mend makes everything go well again. */
export async function mend(): Promise<void> {
  await fetch("/mend", { method: "POST" });
}

/** requests lists what was asked for below a path. */
export async function requests(path: string): Promise<{ path: string; range: string }[]> {
  return (await (await fetch(`/log?path=${encodeURIComponent(path)}`)).json()) as { path: string; range: string }[];
}

/** bytesOf adds up the sizes of the parts that were asked for. */
export function bytesOf(list: { range: string }[]): number {
  let sum = 0;
  for (const { range } of list) {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range)?.map(Number) ?? [];
    if (from !== undefined && to !== undefined) sum += to + 1 - from;
  }
  return sum;
}
