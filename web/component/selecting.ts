import { actionOf } from "./choice.ts";
import { tell } from "./events.ts";
import type { Screen } from "./screen.ts";

/** What selecting does beside following links. */
export interface Leaving {
  /** Something was selected in this tab: what covers the page goes away. */
  close(): void;
  /** The field is left with nothing chosen. */
  reset(): void;
}

/** Selecting reads the keys of the field and the clicks on the list, and opens what they choose. */
export class Selecting {
  /** from is the element that tells of a selection. */
  constructor(private readonly from: HTMLElement, private readonly screen: Screen, private readonly leaving: Leaving) {
    screen.view.input.addEventListener("keydown", (event) => this.key(event));
    screen.view.list.addEventListener("click", (event) => this.clicked(event));
  }

  private key(event: KeyboardEvent): void {
    const { choice, list, view } = this.screen;
    const active = choice.current;
    const action = actionOf(event, active !== undefined);
    if (!action) return;
    switch (action) {
      case "open":
        if (active) active.click();
        else choice.first();
        break;
      case "openNew":
        this.openNew(active ?? list.options[0]);
        break;
      case "leave":
        if (view.dialog) return; // the dialog closes itself
        if (active) choice.set(undefined);
        else this.leaving.reset();
        break;
      default:
        choice.go(action);
    }
    event.preventDefault();
  }

  private openNew(option: HTMLElement | undefined): void {
    const entry = option && this.screen.list.entry(option);
    if (entry && tell(this.from, "effir-select", { ...entry, newTab: true }) && entry.url) window.open(entry.url, "_blank", "noopener");
  }

  private clicked(event: MouseEvent): void {
    const option = (event.target as Element).closest("[role=option]");
    const entry = option && this.screen.list.entry(option);
    if (!entry) return;
    const newTab = event.ctrlKey || event.metaKey || event.shiftKey;
    if (!tell(this.from, "effir-select", { ...entry, newTab })) event.preventDefault();
    else if (!newTab) this.leaving.close();
  }
}
