import { icon, make, setAttribute } from "./dom.ts";
import type { Words } from "./strings.ts";

/** The elements inside the shadow root that change. */
export interface View {
  root: HTMLElement;
  input: HTMLInputElement;
  clear: HTMLButtonElement;
  count: HTMLElement;
  load: HTMLElement;
  ring: HTMLElement;
  loadText: HTMLElement;
  action: HTMLButtonElement;
  toggle: HTMLButtonElement;
  filters: HTMLElement;
  panel: HTMLElement;
  list: HTMLElement;
  nothing: HTMLElement;
  nothingText: HTMLElement;
  removeFilters: HTMLButtonElement;
  error: HTMLElement;
  errorTitle: HTMLElement;
  errorDetail: HTMLElement;
  retry: HTMLButtonElement;
  live: HTMLElement;
  /** Only in mode "dialog". */
  dialog?: HTMLDialogElement;
  trigger?: HTMLButtonElement;
  close?: HTMLButtonElement;
  /** Elements that show the key that opens the search. */
  keys: HTMLElement[];
  hints?: HTMLElement;
}

const glass = "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.3 15.3 20.5 20.5";
const cross = "M6 6 18 18M18 6 6 18";
const sliders = "M4 7h9M18 7h2M4 17h2M11 17h9M15.5 4.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4ZM8.5 14.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4Z";

/** build makes the component's elements; words and attributes come later, from label. */
export function build(mode: "inline" | "dialog"): View {
  const input = make("input", {
    id: "input", part: "input", type: "text", role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "list",
    "aria-haspopup": "listbox", autocomplete: "off", autocapitalize: "off", autocorrect: "off", spellcheck: "false", enterkeyhint: "search", maxlength: 1000,
  });
  const clear = make("button", { type: "button", class: "plain clear", part: "clear" }, icon(cross));
  const key = make("kbd", { part: "key", "aria-hidden": "true" });
  const field = make("div", { class: "field", part: "field" }, icon(glass), input, clear);

  const count = make("p", { class: "count", part: "count" });
  const ring = make("span", { class: "ring", "aria-hidden": "true" });
  const loadText = make("span", { class: "text" });
  const action = make("button", { type: "button", class: "link", part: "button", hidden: true });
  // The dots stand at the end, where texts of different lengths leave them in their place.
  const load = make("p", { class: "load", part: "state" }, loadText, action, make("span", { class: "dot", "aria-hidden": "true" }), ring);
  const toggle = make("button", { type: "button", class: "link toggle", part: "button", hidden: true, "aria-expanded": "false", "aria-controls": "filters" }, icon(sliders), make("span"));
  const status = make("div", { class: "status", part: "status" }, count, load, toggle);
  const filters = make("div", { id: "filters", class: "filters", part: "filters", hidden: true });

  const list = make("div", { id: "list", class: "list", part: "list", role: "listbox", hidden: true });
  const nothingText = make("p");
  const removeFilters = make("button", { type: "button", class: "button", part: "button", hidden: true });
  const nothing = make("div", { class: "message", part: "empty", hidden: true }, nothingText, removeFilters);
  const errorTitle = make("p", { class: "what" });
  const errorDetail = make("p", { class: "detail" });
  const retry = make("button", { type: "button", class: "button", part: "button" });
  const error = make("div", { class: "message error", part: "error", role: "alert", hidden: true }, errorTitle, errorDetail, retry);
  const waiting = make("div", { class: "waiting", "aria-hidden": "true" }, ...[0, 1, 2].map(() => make("div", {}, make("i"), make("i"), make("i"))));
  const panel = make("div", { class: "panel", part: "panel" }, make("slot", { name: "start" }), list, nothing, error, waiting);

  const live = make("div", { class: "unseen", role: "status", "aria-live": "polite" });
  const search = make("div", { class: "search", part: "search", role: "search" }, field, status, filters, panel, live);
  const view: View = {
    root: search, input, clear, count, load, ring, loadText, action, toggle, filters, panel, list,
    nothing, nothingText, removeFilters, error, errorTitle, errorDetail, retry, live, keys: [key],
  };
  if (mode === "inline") {
    field.append(key);
    view.root = make("div", { class: "root" }, search);
    return view;
  }
  const close = make("button", { type: "button", class: "plain close", part: "close" }, make("kbd", {}, "esc"));
  field.append(close);
  const hints = make("p", { class: "hints", part: "hints", "aria-hidden": "true" });
  search.append(hints);
  const dialog = make("dialog", { part: "dialog" }, search);
  const trigger = make("button", { type: "button", class: "trigger", part: "trigger", "aria-haspopup": "dialog" }, icon(glass), make("span"), key);
  view.root = make("div", { class: "root" }, trigger, dialog);
  return { ...view, dialog, trigger, close, hints };
}

/** What the page says of the view's words, beside the language's own. */
export interface Labels {
  placeholder: string | null;
  /** The keys that open the search, as printed on a keyboard, and as aria-keyshortcuts writes them. */
  keys: string[];
  shortcuts: string;
  /** Undefined where the page says it. */
  direction: string | undefined;
}

/** label writes the words of a language and the keys into the view. */
export function label(view: View, language: Words, own: Labels): void {
  const { strings } = language;
  const placeholder = own.placeholder ?? strings.placeholder;
  view.root.lang = language.language;
  setAttribute(view.root, "dir", own.direction);
  view.input.placeholder = placeholder;
  view.input.setAttribute("aria-label", strings.search);
  view.list.setAttribute("aria-label", strings.results);
  view.input.closest("[role=search]")!.setAttribute("aria-label", strings.search);
  view.clear.setAttribute("aria-label", strings.clear);
  view.retry.textContent = strings.retry;
  view.removeFilters.textContent = strings.removeFilters;
  for (const key of view.keys) {
    key.textContent = own.keys[0] ?? "";
    key.hidden = own.keys.length === 0;
  }
  setAttribute(view.trigger ?? view.input, "aria-keyshortcuts", own.shortcuts || undefined);
  view.close?.setAttribute("aria-label", `esc, ${strings.close}`); // begins with what is seen
  view.dialog?.setAttribute("aria-label", strings.search);
  if (view.trigger) view.trigger.querySelector("span")!.textContent = placeholder;
  view.hints?.replaceChildren(
    ...[["↑", "↓", strings.keyMove], ["↵", strings.keyOpen], ["esc", strings.keyClose]].map((hint) =>
      make("span", {}, ...hint.slice(0, -1).map((key) => make("kbd", {}, key)), hint.at(-1)!)),
  );
}
