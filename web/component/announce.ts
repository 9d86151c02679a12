const AFTER = 700; // milliseconds of rest, so that typing isn't talked over

/** Announcer says in a live region what the list has become. */
export class Announcer {
  private timer = 0;

  constructor(private readonly region: HTMLElement) {}

  /** say speaks a text once nothing newer came; saying the same again is silent. */
  say(text: string): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.region.textContent !== text) this.region.textContent = text;
    }, AFTER);
  }

  /** hush forgets what was said, so that the next text is spoken whatever it is. */
  hush(): void {
    clearTimeout(this.timer);
    this.region.textContent = "";
  }
}
