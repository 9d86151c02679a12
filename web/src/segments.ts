import type { LocalDocument } from "./types.ts";

/** A document as it is stored. */
export interface StoredDocument {
  id: string;
  title: string;
  url: string;
  meta: Record<string, string>;
  passages: { heading: string; text: string }[];
}

/** One file of a local index's log: first ids are removed, then documents added. */
export interface Segment {
  removed: string[];
  documents: StoredDocument[];
}

const FORMAT = "effir-local/1";
const MAX_TEXT = 1 << 24; // UTF-16 units of one document

export function encodeSegment(segment: Segment): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify({ format: FORMAT, ...segment }));
}

/** decodeSegment returns undefined for a file that was not written to its end. */
export function decodeSegment(bytes: Uint8Array): Segment | undefined {
  try {
    const segment = JSON.parse(new TextDecoder().decode(bytes)) as Segment & { format: string };
    return segment.format === FORMAT ? segment : undefined;
  } catch {
    return undefined;
  }
}

/** checkDocuments refuses what cannot be stored, by name. */
export function checkDocuments(documents: LocalDocument[]): void {
  documents.forEach((document: Partial<Record<keyof LocalDocument, unknown>>, i) => {
    const { id, title, text, url, meta } = document;
    const refuse = (field: string, problem: string): never => {
      throw new Error(`document ${i} (id ${JSON.stringify(id)}): ${field} ${problem}`);
    };
    if (typeof id !== "string" || id === "" || id.length > 1000) refuse("id", "must be a string of 1 to 1000 characters");
    if (typeof text !== "string") return refuse("text", "must be a string");
    if (text.length > MAX_TEXT) refuse("text", `has ${text.length} characters, the limit is ${MAX_TEXT}; divide the document`);
    for (const [field, value] of Object.entries({ title, url })) {
      if (value !== undefined && (typeof value !== "string" || value.length > 10_000)) refuse(field, "must be a string of at most 10,000 characters");
    }
    const values = Object.values((meta ?? {}) as object);
    if (typeof (meta ?? {}) !== "object" || values.some((value) => typeof value !== "string")) refuse("meta", "must hold strings");
  });
}
