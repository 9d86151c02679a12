/** byId returns an element that the page is known to have. */
export function byId<T extends Element = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page lacks #${id}`);
  return element as unknown as T;
}

/** element makes an element with a class and children; strings become text, never markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** setText changes an element's text only if it differs, so that nothing is announced or painted twice. */
export function setText(target: Element, value: string): void {
  if (target.textContent !== value) target.textContent = value;
}
