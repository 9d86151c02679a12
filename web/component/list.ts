import type { Results } from "../src/types.ts";
import { setAttribute } from "./dom.ts";
import { Block, type Entry } from "./hit.ts";
import type { Words } from "./strings.ts";

// Hits added in the first frame of new results, which has most to do besides, and in each that follows.
const FIRST = 1;
const NEXT = 2;

/**
 * List shows hits as a listbox.
 *
 * Showing other results never moves what stays on the screen: hits are taken over
 * from the start of the list as long as they are the same, and all behind the first
 * that differs are new elements. So that typing is not held up, no turn of the main
 * thread does all of it: hits are drawn before the frame that shows them, a few in
 * each frame; meanwhile the list keeps its height.
 */
export class List {
  private readonly entries = new WeakMap<Element, Entry>();
  private blocks: Block[] = [];
  private added = 0; // of blocks: those in the document
  private next: { results: Results; blocks: Block[]; height: number } | undefined;
  private frame = 0;
  private timer = 0;

  constructor(readonly root: HTMLElement) {}

  /** All options; those that are still to be added are added now. */
  get options(): HTMLElement[] {
    this.add(this.blocks.length);
    return this.blocks.flatMap(({ options }) => options.map(({ option }) => option));
  }

  entry(option: Element): Entry | undefined {
    return this.entries.get(option);
  }

  /** prepare draws the hits that show will begin with. Those of the results before are no longer added. */
  prepare(results: Results, ranks: boolean, language: Words): void {
    this.pause();
    const { query, mode, hits } = results;
    const blocks = hits.map((hit) => new Block(hit, { query, mode, ranks, language }));
    this.next = { results, blocks, height: this.root.offsetHeight };
    for (const block of blocks.slice(this.same(blocks)).slice(0, FIRST)) void block.root;
  }

  /** show replaces the list, at once up to the hit of the page `keep`; ranks adds the places that each ranker gave. */
  show(results: Results, keep: number | undefined, ranks: boolean, language: Words): void {
    if (this.next?.results !== results) this.prepare(results, ranks, language);
    const { blocks, height } = this.next!;
    this.next = undefined;
    this.pause();
    const same = this.same(blocks);
    if (same < this.added && !this.root.style.minBlockSize) this.root.style.minBlockSize = `${height}px`;
    for (const old of this.blocks.slice(same, this.added)) old.root.remove();
    this.blocks = [...this.blocks.slice(0, same), ...blocks.slice(same)];
    this.added = same;
    this.number(0, same);
    this.root.hidden = blocks.length === 0;
    this.add(Math.max(FIRST, this.blocks.findIndex(({ hit }) => hit.page === keep) + 1 - same));
  }

  clear(): void {
    this.pause();
    this.next = undefined;
    this.blocks = [];
    this.added = 0;
    this.root.replaceChildren();
    this.root.style.minBlockSize = "";
    this.root.hidden = true;
  }

  private pause(): void {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
  }

  /** same is how many hits at the start of the document's are those of blocks. */
  private same(blocks: Block[]): number {
    let same = 0;
    while (same < this.added && blocks[same]?.signature === this.blocks[same]!.signature) same++;
    return same;
  }

  /** add adds some more hits, and has the others drawn and added in the frames that follow. */
  private add(count: number): void {
    this.pause();
    const from = this.added;
    const to = Math.min(from + count, this.blocks.length);
    this.number(from, to);
    this.root.append(...this.blocks.slice(from, to).map(({ root }) => root));
    this.added = to;
    if (to < this.blocks.length) {
      this.frame = requestAnimationFrame(() => this.add(NEXT));
      this.timer = setTimeout(() => this.blocks.slice(to, to + NEXT).forEach((block) => void block.root));
    } else if (this.root.style.minBlockSize) {
      this.root.style.minBlockSize = "";
    }
  }

  /** number says each option's place in the whole list, which its group would hide, for the hits in [from, to). */
  private number(from: number, to: number): void {
    const places = (blocks: Block[]): number => blocks.reduce((sum, { size }) => sum + size, 0);
    const size = String(places(this.blocks));
    let place = places(this.blocks.slice(0, from));
    for (const { option, entry } of this.blocks.slice(from, to).flatMap(({ options }) => options)) {
      this.entries.set(option, entry);
      setAttribute(option, "aria-posinset", String(++place));
      setAttribute(option, "aria-setsize", size);
    }
  }
}
