import { byId } from "./dom.ts";

/** Keys of the page: "/" to search, arrows to choose a passage, enter to open it, escape to leave. */
export class Keyboard {
  private readonly list = byId<HTMLOListElement>("results");
  private active = -1;

  /** cleared is called after escape emptied the field. */
  constructor(private readonly input: HTMLInputElement, private readonly cleared: () => void) {
    document.addEventListener("keydown", (event) => this.global(event));
    input.addEventListener("keydown", (event) => this.field(event));
  }

  /** reset forgets the choice; called whenever the list is another one. */
  reset(): void {
    this.choose(-1);
    this.input.setAttribute("aria-expanded", String(this.list.childElementCount > 0));
  }

  private global(event: KeyboardEvent): void {
    const typing = event.target instanceof HTMLInputElement;
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.input.focus();
    this.input.select();
  }

  private field(event: KeyboardEvent): void {
    if (event.isComposing) return; // an input method uses these keys itself
    const count = this.list.childElementCount;
    switch (event.key) {
      case "ArrowDown":
        this.choose(Math.min(this.active + 1, count - 1));
        break;
      case "ArrowUp":
        this.choose(Math.max(this.active - 1, -1));
        break;
      case "Enter": {
        const anchor = this.list.children[this.active]?.querySelector("a");
        if (!anchor) return; // nothing chosen: the form is sent
        anchor.click();
        break;
      }
      case "Escape":
        if (this.active >= 0) {
          this.choose(-1);
        } else {
          this.input.value = "";
          this.cleared();
        }
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  private choose(next: number): void {
    this.list.children[this.active]?.setAttribute("aria-selected", "false");
    this.active = next;
    const item = this.list.children[next];
    if (item) {
      item.setAttribute("aria-selected", "true");
      item.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", item.id);
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }
}
