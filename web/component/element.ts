import type { Results } from "../src/types.ts";
import { Asking } from "./asking.ts";
import { tell } from "./events.ts";
import { label as keyLabel, pressed, shortcut } from "./hotkey.ts";
import { Screen } from "./screen.ts";
import { Selecting } from "./selecting.ts";
import { filterKeys, hotkeys, limit, names, where, words } from "./settings.ts";
import { type Engine, Source } from "./source.ts";
import { readStrings, type Strings } from "./strings.ts";
import { sheet } from "./style.ts";

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
  static readonly observedAttributes = names;

  #screen: Screen | undefined;
  #strings: Partial<Strings> = {};
  #hotkeys = hotkeys(this);
  #query = ""; // as typed, kept while there is no screen
  #filtersAsked = false;
  readonly #source = new Source(() => where(this), () => this.#screen?.tell(this.#source.status));
  readonly #asking = new Asking(() => this.#source.get(), {
    begins: (engine) => {
      this.#askFilters(engine);
      const filters = this.#screen!.filters.selection;
      return { limit: limit(this), ...(filters && { filters }) };
    },
    arrives: (results) => this.#screen!.prepare(results, this.hasAttribute("ranks")),
    shows: (results) => this.#show(results),
    fails: (error) => {
      this.#screen!.fail(error);
      tell(this, "effir-error", { error });
    },
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
    if (!this.#screen) return;
    this.#screen.view.input.value = query;
    this.#run();
  }

  /** An engine that the page has opened, and closes; undefined: the one of src. */
  get search(): Engine | undefined {
    return this.#source.engine;
  }

  set search(engine: Engine | undefined) {
    this.#filtersAsked = false;
    this.#source.give(engine);
    if (!this.#screen) return;
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
    if (!this.#screen) return;
    const { dialog, input } = this.#screen.view;
    if (dialog && !dialog.open) dialog.showModal();
    input.focus();
    input.select();
  }

  /** close hides the dialog. */
  close(): void {
    this.#screen?.view.dialog?.close();
  }

  connectedCallback(): void {
    for (const name of ["search", "strings", "value"] as const) this.#takeOver(name);
    if (!this.#screen) this.#build();
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
    if (before === value || (!this.#screen && name !== "strings")) return;
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
        this.#screen!.filters.expect(value !== null);
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
    const screen = new Screen(this.getAttribute("mode") === "dialog" ? "dialog" : "inline", () => this.#run());
    const { view } = screen;
    this.#screen = screen;
    this.#filtersAsked = false;
    this.shadowRoot!.replaceChildren(view.root);
    new Selecting(this, screen, { close: () => this.close(), reset: () => (this.value = "") });
    view.input.value = this.#query;
    view.input.addEventListener("input", () => {
      this.#query = view.input.value;
      this.#run();
    });
    view.input.addEventListener("focus", () => this.#warm());
    view.root.addEventListener("pointerenter", () => this.#warm());
    view.clear.addEventListener("click", () => {
      this.value = "";
      view.input.focus();
    });
    view.list.addEventListener("pointerdown", () => this.#asking.hold());
    view.action.addEventListener("click", () => void this.#act());
    view.retry.addEventListener("click", () => void this.#retry());
    view.removeFilters.addEventListener("click", () => {
      screen.unfilter();
      view.input.focus();
      this.#run();
    });
    view.trigger?.addEventListener("click", () => this.open());
    view.close?.addEventListener("click", () => this.close());
    view.dialog?.addEventListener("click", (event) => {
      if (event.target === view.dialog) this.close(); // beside its content: the backdrop
    });
    this.#relabel();
    screen.tell(this.#source.status);
  }

  #relabel(): void {
    if (!this.#screen) return;
    const language = words(this, this.#strings);
    this.#hotkeys = hotkeys(this);
    const labels = {
      placeholder: this.getAttribute("placeholder"),
      keys: this.#hotkeys.map(keyLabel),
      shortcuts: this.#hotkeys.map(shortcut).join(" "),
      direction: this.closest("[dir]") ? undefined : language.direction,
    };
    this.#screen.label(language, labels, this.hasAttribute("filters"));
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
    const query = this.#query.trim();
    if (query === "") {
      this.#asking.stop();
      this.#screen!.empty();
      return;
    }
    this.#screen!.waits();
    void this.#asking.ask(query);
  }

  #show(results: Results): void {
    this.#screen!.show(results, this.hasAttribute("ranks"));
    tell(this, "effir-search", results);
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
    this.#screen!.view.input.focus();
    if (this.#source.status?.index.stage === "ready" || this.#source.engine) {
      await this.#source.get().then((engine) => engine.refresh?.()).catch(() => {}); // the search below says it
    } else {
      this.#source.close();
    }
    this.#run();
  }

  #askFilters(engine: Engine): void {
    const wanted = filterKeys(this);
    if (!wanted || this.#filtersAsked || !engine.filters) return;
    this.#filtersAsked = true;
    engine.filters().then(
      (values) => this.#screen!.offer(values, wanted),
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
}
