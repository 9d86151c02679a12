import type { FilterValue } from "../src/types.ts";
import { make, setText } from "./dom.ts";
import type { Words } from "./strings.ts";

const FEW = 8; // values shown before "more"

/** Filters are groups of checkboxes, one group a key; values with most pages come first. */
export class Filters {
  private readonly chosen = new Map<string, Set<string>>();

  /** changed is called when a box was ticked or cleared. */
  constructor(private readonly root: HTMLElement, private readonly toggle: HTMLButtonElement, private readonly changed: () => void) {
    toggle.addEventListener("click", () => {
      root.hidden = !root.hidden;
      toggle.setAttribute("aria-expanded", String(!root.hidden));
    });
  }

  /** show builds the groups of some keys, or of all; keys that the index lacks are left out. */
  show(values: Record<string, FilterValue[]>, keys: string[], language: Words): void {
    const wanted = (keys.length > 0 ? keys : Object.keys(values)).filter((key) => (values[key]?.length ?? 0) > 0);
    for (const key of this.chosen.keys()) if (!wanted.includes(key)) this.chosen.delete(key);
    this.root.replaceChildren(...wanted.map((key) => this.group(key, values[key]!, language)));
    // Without values the button stays unseen in its place: what is beside it must not move.
    if (wanted.length > 0) delete this.toggle.dataset.pending;
    this.label(language);
  }

  /** expect keeps the button's place until the values are known, or gives it up. */
  expect(wanted: boolean): void {
    this.toggle.hidden = !wanted;
    if (!wanted) this.root.replaceChildren();
    if (this.root.childElementCount === 0) this.toggle.dataset.pending = "";
  }

  /** selection is what search() takes; undefined if nothing is ticked. */
  get selection(): Record<string, string[]> | undefined {
    const entries = [...this.chosen].filter(([, values]) => values.size > 0);
    return entries.length > 0 ? Object.fromEntries(entries.map(([key, values]) => [key, [...values]])) : undefined;
  }

  reset(): void {
    this.chosen.clear();
    for (const box of this.root.querySelectorAll("input")) box.checked = false;
  }

  /** label writes how many boxes are ticked on the button. */
  label(language: Words): void {
    const count = [...this.chosen.values()].reduce((sum, values) => sum + values.size, 0);
    const { filters } = language.strings;
    setText(this.toggle.querySelector("span")!, count > 0 ? `${filters} (${language.number(count)})` : filters);
  }

  private group(key: string, values: FilterValue[], language: Words): HTMLElement {
    const sorted = [...values].sort((a, b) => b.pages - a.pages || (a.value < b.value ? -1 : 1));
    const name = language.strings.names[key] ?? key.charAt(0).toUpperCase() + key.slice(1);
    const boxes = sorted.map((value, i) => {
      const box = this.box(key, value, language);
      box.hidden = i >= FEW && !this.chosen.get(key)?.has(value.value);
      return box;
    });
    const group = make("fieldset", { class: "group", part: "filter" }, make("legend", {}, name), ...boxes);
    const rest = boxes.filter((box) => box.hidden);
    if (rest.length > 0) {
      const more = make("button", { type: "button", class: "more", part: "button", "aria-expanded": "false" }, language.fill(language.strings.more, { n: rest.length }));
      more.addEventListener("click", () => {
        const open = more.getAttribute("aria-expanded") === "false";
        more.setAttribute("aria-expanded", String(open));
        setText(more, open ? language.strings.fewer : language.fill(language.strings.more, { n: rest.length }));
        for (const box of rest) box.hidden = !open && !box.querySelector("input")!.checked;
      });
      group.append(more);
    }
    return group;
  }

  private box(key: string, { value, pages }: FilterValue, language: Words): HTMLElement {
    const input = make("input", { type: "checkbox", name: key, value });
    input.checked = this.chosen.get(key)?.has(value) ?? false;
    input.addEventListener("change", () => {
      const values = this.chosen.get(key) ?? new Set();
      if (input.checked) values.add(value);
      else values.delete(value);
      this.chosen.set(key, values);
      this.label(language);
      this.changed();
    });
    return make("label", { class: "chip", part: "chip" }, input, make("span", { dir: "auto" }, value), make("span", { class: "pages" }, language.number(pages)));
  }
}
