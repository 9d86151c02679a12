import type { FileRef } from "../src/content.ts";

/**
 * Ways in which the test server serves its files: as they are; with wrong bytes
 * once or always; cut, too long or missing; with the connection broken off once;
 * never answering.
 */
export type Manner = "good" | "wrong-once" | "wrong" | "cut" | "long" | "missing" | "broken-once" | "stuck";

/** files returns the test server's files. */
export async function files(): Promise<FileRef[]> {
  return (await (await fetch("/fixtures.json")).json()) as FileRef[];
}

let folders = 0;

/** folder returns a URL below which the files are served; each is counted and cached apart from all others. */
export function folder(manner: Manner): URL {
  return new URL(`/fixtures/${manner}/${++folders}/`, location.href);
}

/** requests returns how often a file below a folder was asked for. */
export async function requests(at: URL, file: FileRef): Promise<number> {
  const path = new URL(`${file.name}.bin`, at).pathname;
  return Number(await (await fetch(`/requests?path=${encodeURIComponent(path)}`)).text());
}
