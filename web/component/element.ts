import type { OpenOptions, Results } from "../src/types.ts";
import { Announcer } from "./announce.ts";
import { Asking } from "./asking.ts";
import { actionOf, Choice } from "./choice.ts";
import { setAttribute, setText } from "./dom.ts";
import { tell } from "./events.ts";
import { Filters } from "./filters.ts";
import { defaultHotkeys, label as keyLabel, parse, pressed, shortcut } from "./hotkey.ts";
import { List } from "./list.ts";
import { type Engine, Source } from "./source.ts";
import { loadState } from "./state.ts";
import { readStrings, type Strings, Words } from "./strings.ts";
import { sheet } from "./style.ts";
import { build, label, type View } from "./template.ts";

declare global {
  interface HTMLElementTagNameMap {
    "effir-search": EffirSearch;
  }
}

/**
 * `<effir-search>` is a search field with its results, for an index that
 * `effir index` wrote.
 *
 * Attributes, all optional:
 *   src          folder of index.json; default: the folder of this script
 *   model        folder of the model package; default: model/ in src
 *   meaning      "auto", "always" or "never", see OpenOptions
 *   mode         "inline" (default): field and results in the page;
 *                "dialog": a button that opens them above it
 *   placeholder  text in the empty field
 *   lang         language of the words; default: the page's. Built in: ar, de, en, es, fr
 *   strings      JSON object of words that replace them, see Strings
 *   limit        the most pages to show, default 10
 *   open-key     keys that open or focus the search, default "mod+k /"; "" for none
 *   filters      filter keys to offer, divided by commas; empty: all of the index
 *   ranks        shows each ranker's places
 *
 * Properties: value, search (an engine that the page has opened), strings.
 * Events, all bubbling: effir-search, effir-select, effir-error.
 * Slot "start": shown while the field is empty.
 */
export class EffirSearch extends HTMLElement {
  static readonly observedAttributes = ["src", "model", "meaning", "mode", "placeholder", "lang", "strings", "limit", "open-key", "filters", "ranks"];

  #view: View | undefined;
  #list!: List;
  #choice!: Choice;
  #filters!: Filters;
  #announcer!: Announcer;
  #words = new Words("en");
  #strings: Partial<Strings> = {};
  #hotkeys = parse(defaultHotkeys);
  #query = ""; // as typed, kept while there is no view
  #shown: Results | undefined;
  #failure = "";
  #filtersAsked = false;
  readonly #source = new Source(() => this.#where(), () => this.#showState());
  readonly #asking = new Asking(() => this.#source.get(), {
    begins: (engine) => {
      this.#askFilters(engine);
      const filters = this.#filters.selection;
      return { limit: this.#limit(), ...(filters && { filters }) };
    },
    arrives: () => this.#list.pause(),
    shows: (results) => this.#show(results),
    fails: (error) => this.#fail(error),
  });

  constructor() {
    super();
    this.attachShadow({ mode: "open", delegatesFocus: true }).adoptedStyleSheets = [sheet()];
  }

  /** The query. Setting it searches, also for what it was: that shows what the index now has. */
  get value(): string {
    return this.#query;
  }

  set value(query: string) {
    this.#query = query;
    if (!this.#view) return;
    this.#view.input.value = query;
    this.#run();
  }

  /** An engine that the page has opened, and closes; undefined: the one of src. */
  get search(): Engine | undefined {
    return this.#source.engine;
  }

  set search(engine: Engine | undefined) {
    this.#filtersAsked = false;
    this.#source.give(engine);
    if (!this.#view) return;
    this.#showState();
    if (engine) this.#askFilters(engine);
    this.#run();
  }

  /** Words of one's own; those that are left out are in the element's language. */
  get strings(): Partial<Strings> {
    return this.#strings;
  }

  set strings(strings: Partial<Strings>) {
    this.#strings = strings;
    this.#relabel();
  }

  /** open shows the dialog in mode "dialog", and puts the cursor into the field. */
  open(): void {
    const view = this.#view;
    if (!view) return;
    if (view.dialog && !view.dialog.open) view.dialog.showModal();
    view.input.focus();
    view.input.select();
  }

  /** close hides the dialog. */
  close(): void {
    this.#view?.dialog?.close();
  }

  connectedCallback(): void {
    for (const name of ["search", "strings", "value"] as const) this.#takeOver(name);
    if (!this.#view) this.#build();
    document.addEventListener("keydown", this.#global);
    if (this.search) void this.#source.get(); // listens to its status
    if (this.#query) this.#run();
  }

  disconnectedCallback(): void {
    document.removeEventListener("keydown", this.#global);
    queueMicrotask(() => {
      if (this.isConnected) return; // moved
      this.#asking.stop();
      this.#source.close();
    });
  }

  attributeChangedCallback(name: string, before: string | null, value: string | null): void {
    if (before === value || (!this.#view && name !== "strings")) return;
    switch (name) {
      case "src":
      case "model":
      case "meaning":
        this.#source.close();
        this.#filtersAsked = false;
        this.#run();
        break;
      case "mode":
        this.#build();
        this.#run();
        break;
      case "strings":
        this.strings = readStrings(value);
        break;
      case "limit":
      case "ranks":
        this.#run();
        break;
      case "filters":
        this.#filtersAsked = false;
        this.#filters.expect(value !== null);
        if (this.#source.status) void this.#source.get().then((engine) => this.#askFilters(engine), () => {});
        break;
      default:
        this.#relabel();
    }
  }

  /** takeOver repeats what a page set on the element before its class was there. */
  #takeOver(name: "search" | "strings" | "value"): void {
    if (!Object.hasOwn(this, name)) return;
    const value: unknown = this[name];
    delete (this as Partial<Record<typeof name, unknown>>)[name];
    (this as Record<typeof name, unknown>)[name] = value;
  }

  #build(): void {
    const view = build(this.getAttribute("mode") === "dialog" ? "dialog" : "inline");
    this.#view = view;
    this.shadowRoot!.replaceChildren(view.root);
    this.#list = new List(view.list);
    this.#choice = new Choice(view.input, () => this.#list.options);
    this.#filters = new Filters(view.filters, view.toggle, () => this.#run());
    this.#announcer = new Announcer(view.live);
    this.#shown = undefined;
    this.#filtersAsked = false;
    view.input.value = this.#query;
    view.input.addEventListener("input", () => {
      this.#query = view.input.value;
      this.#run();
    });
    view.input.addEventListener("keydown", (event) => this.#key(event));
    view.input.addEventListener("focus", () => this.#warm());
    view.root.addEventListener("pointerenter", () => this.#warm());
    view.clear.addEventListener("click", () => {
      this.value = "";
      view.input.focus();
    });
    view.list.addEventListener("click", (event) => this.#clicked(event));
    view.list.addEventListener("pointerdown", () => this.#asking.hold());
    view.action.addEventListener("click", () => void this.#act());
    view.retry.addEventListener("click", () => void this.#retry());
    view.removeFilters.addEventListener("click", () => {
      this.#filters.reset();
      this.#filters.label(this.#words);
      view.input.focus();
      this.#run();
    });
    view.trigger?.addEventListener("click", () => this.open());
    view.close?.addEventListener("click", () => this.close());
    view.dialog?.addEventListener("click", (event) => {
      if (event.target === view.dialog) this.close(); // beside its content: the backdrop
    });
    this.#relabel();
  }

  #relabel(): void {
    const view = this.#view;
    if (!view) return;
    const tag = this.lang || this.closest<HTMLElement>("[lang]")?.lang || document.documentElement.lang || "en";
    this.#words = new Words(tag, this.#strings);
    this.#hotkeys = parse(this.getAttribute("open-key") ?? defaultHotkeys);
    label(view, this.#words, {
      placeholder: this.getAttribute("placeholder"),
      keys: this.#hotkeys.map(keyLabel),
      shortcuts: this.#hotkeys.map(shortcut).join(" "),
      direction: this.closest("[dir]") ? undefined : this.#words.direction,
    });
    this.#filters.label(this.#words);
    this.#filters.expect(this.hasAttribute("filters"));
    this.#showState();
  }

  #where(): { url: string; options: OpenOptions } {
    const here = new URL("./", import.meta.url).href;
    const model = this.getAttribute("model");
    const meaning = this.getAttribute("meaning");
    return {
      url: new URL(this.getAttribute("src") ?? here, document.baseURI).href,
      options: {
        runtime: here,
        ...(model !== null && { model }),
        ...((meaning === "always" || meaning === "never") && { meaning }),
      },
    };
  }

  /** warm opens the index before the first key is typed. */
  #warm(): void {
    if (this.#source.status) return;
    this.#source.get().then(
      (engine) => this.#askFilters(engine),
      () => {}, // a search says it
    );
  }

  /** run answers what the field holds now. */
  #run(): void {
    const view = this.#view!;
    const query = this.#query.trim();
    this.#failure = "";
    view.root.toggleAttribute("data-asked", query !== "");
    if (query === "") {
      this.#asking.stop();
      this.#empty();
      return;
    }
    view.root.toggleAttribute("data-waiting", this.#shown === undefined);
    view.error.hidden = true;
    void this.#asking.ask(query);
  }

  #limit(): number {
    const limit = Number.parseInt(this.getAttribute("limit") ?? "", 10);
    return limit >= 1 ? Math.min(limit, 100) : 10;
  }

  #show(results: Results): void {
    const view = this.#view!;
    const { strings } = this.#words;
    const fresh = this.#shown?.query !== results.query;
    this.#shown = results;
    view.root.removeAttribute("data-waiting");
    view.error.hidden = true;
    const replace = (page?: number): void => this.#list.show(results, page, this.hasAttribute("ranks"), this.#words);
    if (fresh) {
      this.#choice.set(undefined);
      replace();
      if (view.dialog) view.panel.scrollTop = 0;
    } else {
      this.#choice.keep(replace, (option) => this.#list.entry(option)?.hit.page);
    }
    const found = results.hits.length;
    const count = this.#words.plural(strings.count, found);
    view.input.setAttribute("aria-expanded", String(found > 0));
    setText(view.count, found > 0 ? count : "");
    view.nothing.hidden = found > 0;
    if (found === 0) {
      const nothing = this.#words.fill(strings.nothing, { query: results.query });
      setText(view.nothingText, results.final ? nothing : `${nothing} ${strings.nothingYet}`);
      view.removeFilters.hidden = this.#filters.selection === undefined;
      if (results.final) this.#announcer.say(nothing);
    } else if (results.final) {
      this.#announcer.say(count);
    }
    this.#showState();
    tell(this, "effir-search", results);
  }

  /** empty shows what is there without a query. */
  #empty(): void {
    const view = this.#view!;
    this.#shown = undefined;
    this.#choice.set(undefined);
    this.#list.clear();
    this.#announcer.hush();
    view.root.removeAttribute("data-waiting");
    view.input.setAttribute("aria-expanded", "false");
    view.nothing.hidden = view.error.hidden = true;
    setText(view.count, "");
    this.#showState();
  }

  #fail(error: Error): void {
    this.#empty();
    const view = this.#view!;
    this.#failure = error.message || String(error);
    setText(view.errorTitle, this.#words.strings.failed);
    setText(view.errorDetail, this.#failure);
    view.error.hidden = false;
    this.#showState();
    tell(this, "effir-error", { error });
  }

  #showState(): void {
    const view = this.#view;
    if (!view) return;
    const state = loadState(this.#source.status, this.#failure, this.#shown?.mode, this.#words);
    const { strings } = this.#words;
    view.load.dataset.words = state.words;
    view.load.dataset.meaning = state.meaning;
    setText(view.loadText, state.text);
    setAttribute(view.load, "title", state.detail);
    setAttribute(view.ring, "data-share", state.share === undefined ? undefined : "");
    if (state.share !== undefined) view.ring.style.setProperty("--share", state.share.toFixed(3));
    view.action.hidden = !state.action;
    if (state.action) setText(view.action, state.action === "load" ? strings.loadMeaning : strings.retry);
  }

  /** act does what the button beside the state offers: it loads meaning, also against a slow connection. */
  async #act(): Promise<void> {
    try {
      const engine = await this.#source.get();
      if (this.#source.status?.model.stage === "failed") await engine.refresh?.();
      await engine.loadMeaning();
      if (this.#query.trim()) this.#run();
    } catch (thrown) {
      tell(this, "effir-error", { error: thrown as Error });
    }
  }

  async #retry(): Promise<void> {
    this.#view!.input.focus();
    if (this.#source.status?.index.stage === "ready" || this.#source.engine) {
      await this.#source.get().then((engine) => engine.refresh?.()).catch(() => {}); // the search below says it
    } else {
      this.#source.close();
    }
    this.#run();
  }

  #askFilters(engine: Engine): void {
    const wanted = this.getAttribute("filters");
    if (wanted === null || this.#filtersAsked || !engine.filters) return;
    this.#filtersAsked = true;
    engine.filters().then(
      (values) => this.#filters.show(values, wanted.split(",").map((key) => key.trim()).filter(Boolean), this.#words),
      (error: Error) => {
        this.#filtersAsked = false; // the next search asks again
        tell(this, "effir-error", { error });
      },
    );
  }

  readonly #global = (event: KeyboardEvent): void => {
    if (!pressed(event, this.#hotkeys)) return;
    event.preventDefault();
    this.open();
  };

  #key(event: KeyboardEvent): void {
    const active = this.#choice.current;
    const action = actionOf(event, active !== undefined);
    if (!action) return;
    switch (action) {
      case "open":
        if (active) active.click();
        else this.#choice.first();
        break;
      case "openNew":
        this.#openNew(active ?? this.#list.options[0]);
        break;
      case "leave":
        if (this.#view!.dialog) return; // the dialog closes itself
        if (active) this.#choice.set(undefined);
        else this.value = "";
        break;
      default:
        this.#choice.go(action);
    }
    event.preventDefault();
  }

  #openNew(option: HTMLElement | undefined): void {
    const entry = option && this.#list.entry(option);
    if (entry && tell(this, "effir-select", { ...entry, newTab: true }) && entry.url) window.open(entry.url, "_blank", "noopener");
  }

  #clicked(event: MouseEvent): void {
    const option = (event.target as Element).closest("[role=option]");
    const entry = option && this.#list.entry(option);
    if (!entry) return;
    const newTab = event.ctrlKey || event.metaKey || event.shiftKey;
    if (!tell(this, "effir-select", { ...entry, newTab })) event.preventDefault();
    else if (!newTab) this.close();
  }
}
