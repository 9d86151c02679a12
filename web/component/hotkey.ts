/** A key that opens the search from anywhere on the page. */
export interface Hotkey {
  key: string;
  ctrl: boolean;
  meta: boolean;
  alt: boolean;
}

const apple = /Mac|iPhone|iPad/.test(navigator.platform);

/** Without an attribute: Ctrl+K, on Apple's machines Cmd+K, and "/". */
export const defaultHotkeys = "mod+k /";

/** parse reads "ctrl+k meta+k mod+k alt+s /": keys divided by spaces; mod is Cmd on Apple's machines, else Ctrl. */
export function parse(text: string): Hotkey[] {
  return text.toLowerCase().split(/\s+/).filter(Boolean).map((written) => {
    const parts = written === "+" ? ["+"] : written.split("+");
    const has = (name: string): boolean => parts.slice(0, -1).includes(name);
    const mod = has("mod");
    return { key: parts.at(-1) ?? "", ctrl: has("ctrl") || (mod && !apple), meta: has("meta") || has("cmd") || (mod && apple), alt: has("alt") };
  });
}

/** pressed says whether an event is one of the keys. Keys without Ctrl or Cmd are left to fields that are typed in. */
export function pressed(event: KeyboardEvent, keys: Hotkey[]): boolean {
  if (event.defaultPrevented || event.isComposing) return false;
  return keys.some(({ key, ctrl, meta, alt }) => {
    if (event.key.toLowerCase() !== key || event.ctrlKey !== ctrl || event.metaKey !== meta || event.altKey !== alt) return false;
    return ctrl || meta || !typing(event);
  });
}

/** label writes a key as it is printed on a keyboard. */
export function label({ key, ctrl, meta, alt }: Hotkey): string {
  const name = key.length === 1 ? key.toUpperCase() : key;
  if (apple) return `${ctrl ? "⌃" : ""}${alt ? "⌥" : ""}${meta ? "⌘" : ""}${name}`;
  return [...(ctrl ? ["Ctrl"] : []), ...(meta ? ["Meta"] : []), ...(alt ? ["Alt"] : []), name].join(" ");
}

/** shortcut writes a key for aria-keyshortcuts. */
export function shortcut({ key, ctrl, meta, alt }: Hotkey): string {
  return [...(ctrl ? ["Control"] : []), ...(meta ? ["Meta"] : []), ...(alt ? ["Alt"] : []), key.length === 1 ? key.toUpperCase() : key].join("+");
}

function typing(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(?:input|textarea|select)$/i.test(target.tagName);
}
