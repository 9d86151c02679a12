import { setAttribute } from "./dom.ts";

const PAGE = 5; // options that page up and page down go by

/**
 * Choice is the active option of a combobox. The field keeps the focus; which
 * option is active is said by aria-activedescendant and aria-selected.
 */
export class Choice {
  private active: HTMLElement | undefined;

  constructor(private readonly input: HTMLInputElement, private readonly options: () => HTMLElement[]) {}

  get current(): HTMLElement | undefined {
    return this.active;
  }

  set(option: HTMLElement | undefined): void {
    this.active?.setAttribute("aria-selected", "false");
    this.active = option;
    setAttribute(this.input, "aria-activedescendant", option?.id);
    if (!option) return;
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
  }

  /** go moves the choice as a key says. */
  go(step: Step): void {
    if (step === "first") this.first();
    else if (step === "last") this.set(this.options().at(-1));
    else this.move({ down: 1, up: -1, pageDown: PAGE, pageUp: -PAGE }[step]);
  }

  first(): void {
    this.set(this.options()[0]);
  }

  /** move goes down (up if negative) by options, and from the first one back to the field. */
  private move(by: number): void {
    const options = this.options();
    const at = this.active ? options.indexOf(this.active) : -1;
    const to = Math.min(at + by, options.length - 1);
    this.set(to < 0 ? undefined : options[to]);
  }

  /** keep finds the active option again in a list that is replaced: the same passage, else the same page. */
  keep(replace: (page: number | undefined) => void, pageOf: (option: Element) => number | undefined): void {
    const before = this.active;
    const page = before && pageOf(before);
    replace(page);
    if (!before) return;
    const options = this.options();
    this.set(options.find((option) => option.id === before.id) ?? options.find((option) => pageOf(option) === page));
  }
}

/** Where a key moves the choice. */
export type Step = "down" | "up" | "pageDown" | "pageUp" | "first" | "last";

/** What a key means in the field. */
export type Action = Step | "open" | "openNew" | "leave";

/**
 * actionOf reads a key as the combobox pattern has it. Home and End move the
 * text cursor until an option is active. Keys of an input method mean nothing.
 */
export function actionOf(event: KeyboardEvent, active: boolean): Action | undefined {
  if (event.isComposing || event.altKey || event.shiftKey) return undefined;
  const command = event.ctrlKey || event.metaKey;
  if (event.key === "Enter") return command ? "openNew" : "open";
  if (command) return undefined;
  switch (event.key) {
    case "ArrowDown":
      return "down";
    case "ArrowUp":
      return "up";
    case "PageDown":
      return "pageDown";
    case "PageUp":
      return active ? "pageUp" : undefined;
    case "Home":
      return active ? "first" : undefined;
    case "End":
      return active ? "last" : undefined;
    case "Escape":
      return "leave";
    default:
      return undefined;
  }
}
