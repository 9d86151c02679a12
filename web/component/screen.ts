import type { FilterValue, Results, Status } from "../src/types.ts";
import { Announcer } from "./announce.ts";
import { Choice } from "./choice.ts";
import { setAttribute, setText } from "./dom.ts";
import { Filters } from "./filters.ts";
import { List } from "./list.ts";
import { loadState } from "./state.ts";
import type { Words } from "./strings.ts";
import { build, label, type Labels, type View } from "./template.ts";

/**
 * Screen is what a reader sees of the element: its view, and in it results,
 * nothing, an error or a first page, with the state of the engine. It knows
 * neither the engine nor what the page set on the element.
 */
export class Screen {
  readonly view: View;
  readonly list: List;
  readonly choice: Choice;
  readonly filters: Filters;
  private readonly announcer: Announcer;
  private words!: Words; // from label
  private shown: Results | undefined;
  private failure = "";
  private status: Status | undefined;

  /** filtered is called when other filters were chosen. */
  constructor(mode: "inline" | "dialog", filtered: () => void) {
    this.view = build(mode);
    this.list = new List(this.view.list);
    this.choice = new Choice(this.view.input, () => this.list.options);
    this.filters = new Filters(this.view.filters, this.view.toggle, filtered);
    this.announcer = new Announcer(this.view.live);
  }

  /** label writes all words anew; filters says whether filters are wanted. */
  label(words: Words, labels: Labels, filters: boolean): void {
    this.words = words;
    label(this.view, words, labels);
    this.filters.label(words);
    this.filters.expect(filters);
    this.showState();
  }

  /** waits shows that an answer is on its way: over the one before, or over nothing. */
  waits(): void {
    this.failure = "";
    this.view.root.toggleAttribute("data-asked", true);
    setAttribute(this.view.input, "dir", "auto"); // without a query its placeholder has the page's
    this.view.root.toggleAttribute("data-waiting", this.shown === undefined);
    this.view.error.hidden = true;
  }

  /** prepare makes what the next show begins with, in time that no frame waits for. */
  prepare(results: Results, ranks: boolean): void {
    this.list.prepare(results, ranks, this.words);
  }

  show(results: Results, ranks: boolean): void {
    const { view } = this;
    const fresh = this.shown?.query !== results.query;
    this.shown = results;
    view.root.removeAttribute("data-waiting");
    view.error.hidden = true;
    const replace = (page?: number): void => this.list.show(results, page, ranks, this.words);
    if (fresh) {
      this.choice.set(undefined);
      replace();
      if (view.dialog) view.panel.scrollTop = 0;
    } else {
      this.choice.keep(replace, (option) => this.list.entry(option)?.hit.page);
    }
    view.input.setAttribute("aria-expanded", String(results.hits.length > 0));
    this.count(results);
    this.showState();
  }

  /** empty shows what is there without a query. */
  empty(): void {
    this.failure = "";
    this.view.root.toggleAttribute("data-asked", false);
    setAttribute(this.view.input, "dir", undefined);
    this.clear();
  }

  fail(error: Error): void {
    this.clear();
    const { view } = this;
    this.failure = error.message || String(error);
    setText(view.errorTitle, this.words.strings.failed);
    setText(view.errorDetail, this.failure);
    view.error.hidden = false;
    this.showState();
  }

  /** tell shows what the engine says of itself; undefined: there is none yet. */
  tell(status: Status | undefined): void {
    this.status = status;
    this.showState();
  }

  /** offer shows filters by these keys, none: by all. */
  offer(values: Record<string, FilterValue[]>, keys: string[]): void {
    this.filters.show(values, keys, this.words);
  }

  /** unfilter takes back every filter that was chosen. */
  unfilter(): void {
    this.filters.reset();
    this.filters.label(this.words);
  }

  private clear(): void {
    const { view } = this;
    this.shown = undefined;
    this.choice.set(undefined);
    this.list.clear();
    this.announcer.hush();
    view.root.removeAttribute("data-waiting");
    view.input.setAttribute("aria-expanded", "false");
    view.nothing.hidden = view.error.hidden = true;
    setText(view.count, "");
    this.showState();
  }

  /** count says how many pages were found, or that there are none. */
  private count({ query, hits, final }: Results): void {
    const { view, words } = this;
    const found = hits.length;
    const count = words.plural(words.strings.count, found);
    setText(view.count, found > 0 ? count : "");
    view.nothing.hidden = found > 0;
    if (found > 0) {
      if (final) this.announcer.say(count);
      return;
    }
    const nothing = words.fill(words.strings.nothing, { query });
    setText(view.nothingText, final ? nothing : `${nothing} ${words.strings.nothingYet}`);
    view.removeFilters.hidden = this.filters.selection === undefined;
    if (final) this.announcer.say(nothing);
  }

  private showState(): void {
    const { view } = this;
    const { strings } = this.words;
    const state = loadState(this.status, this.failure, this.shown?.mode, this.words);
    setAttribute(view.load, "data-words", state.words);
    setAttribute(view.load, "data-meaning", state.meaning);
    setText(view.loadText, state.text);
    setAttribute(view.load, "title", state.detail);
    setAttribute(view.ring, "data-share", state.share === undefined ? undefined : "");
    if (state.share !== undefined) view.ring.style.setProperty("--share", state.share.toFixed(3));
    view.action.hidden = !state.action;
    if (state.action) setText(view.action, state.action === "load" ? strings.loadMeaning : strings.retry);
  }
}
