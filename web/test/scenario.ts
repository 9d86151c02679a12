/**
 * Scenarios of testdata/scenarios.json: what an engine says and answers, step by
 * step, so that tests of the page decide what comes when.
 */
import type { FilterValue, Hit, PassageHit, Results, Status } from "../src/types.ts";

interface Page {
  page: number;
  /** Of a document that exists only in the page. */
  id?: string;
  url: string;
  title: string;
  language: string;
  passages: Record<string, { heading: string; anchor: string; text: string }>;
}

/** Name of a page, numbers of its passages, place by words, place by meaning. */
type ShortHit = [page: string, passages: number[], keywordRank: number, semanticRank: number];

/** One step of an answer. A step without hits and without a failure only waits. */
export interface Step extends Partial<Omit<Results, "query" | "hits">> {
  /** Milliseconds after the step before. */
  after?: number;
  failed?: string;
  hits?: ShortHit[];
  /** Words that are highlighted. */
  mark?: string[];
}

export interface Scenario {
  status: Status | null;
  /** Why the index can't be opened. */
  refuses?: string;
  /** Milliseconds that opening takes. */
  opens?: number;
  /** The status after a refresh. */
  refreshed?: Status;
  /** The status after loadMeaning. */
  afterMeaning?: Status;
  filters?: Record<string, FilterValue[]>;
  /** Of a local index. */
  documents?: { id: string; title: string }[];
  /** By query; "*" answers all others. */
  answers: Record<string, Step[]>;
  /** The answers after refreshed or afterMeaning. */
  answersAfter?: Record<string, Step[]>;
}

export interface Scenarios {
  pages: Record<string, Page>;
  scenarios: Record<string, Scenario>;
}

/** results writes a step out in full. */
export function results(pages: Record<string, Page>, query: string, step: Step, limit: number): Results {
  const { mode = "keyword", timings = {}, tokens = 0, transferred = { files: 0, bytes: 0 }, final = true, hits = [], mark = [] } = step;
  return { query, mode, timings, tokens, transferred, final, hits: hits.slice(0, limit).map((hit) => full(pages, hit, mark)) };
}

function full(pages: Record<string, Page>, [name, numbers, keywordRank, semanticRank]: ShortHit, mark: string[]): Hit {
  const { page, id, url, title, language, passages } = pages[name]!;
  const list = numbers.map((id): PassageHit => {
    const { heading, anchor, text } = passages[id]!;
    return { id, url: anchor ? `${url}#${anchor}` : url, heading, text, highlights: ranges(text, mark), score: 1 / id };
  });
  return { page, ...(id !== undefined && { id }), url, title, language, meta: {}, score: 1 / (1 + Math.max(keywordRank, semanticRank)), keywordRank, semanticRank, passages: list };
}

function ranges(text: string, mark: string[]): [number, number][] {
  const found: [number, number][] = [];
  for (const match of text.matchAll(/[\p{L}\p{N}]+/gu)) {
    if (mark.includes(match[0].toLowerCase())) found.push([match.index, match.index + match[0].length]);
  }
  return found;
}
