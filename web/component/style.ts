/**
 * The component's style, as a constructable sheet: a strict Content-Security-Policy
 * allows it. Everything that a page may want to change is a --effir-* property;
 * the names with --_ are what they come to.
 *
 * Colours follow the color-scheme of the page: a page that says
 * `color-scheme: light dark` gets both, one that says nothing stays light.
 */
const css = `
:host {
  --_text: var(--effir-text, light-dark(#1b1f27, #e8eaf0));
  --_soft: var(--effir-soft, light-dark(#565e6c, #a3abba));
  --_line: var(--effir-line, light-dark(#d9dde4, #343a46));
  --_surface: var(--effir-surface, light-dark(#ffffff, #171a21));
  --_wash: var(--effir-wash, light-dark(#eff2f8, #232834));
  --_accent: var(--effir-accent, light-dark(#2350c8, #9ab5ff));
  --_mark: var(--effir-mark, light-dark(#ffe48a, #5f4d0c));
  --_mark-text: var(--effir-mark-text, light-dark(#1b1f27, #fbf1d0));
  --_error: var(--effir-error, light-dark(#b3261e, #ffa79e));
  --_keyword: var(--effir-keyword, light-dark(#ff8a65, #ff9c7c));
  --_meaning: var(--effir-meaning, light-dark(#7fa5ff, #8eb0ff));
  --_rank-text: var(--effir-rank-text, #14182a);
  --_radius: var(--effir-radius, 0.625rem);
  --_field: var(--effir-field-size, 3.25rem);
  display: block;
  color: var(--_text);
  font-family: var(--effir-font, inherit);
  font-size: var(--effir-font-size, 1rem);
  line-height: 1.5;
}
@supports not (color: light-dark(#000, #fff)) {
  :host {
    --_text: var(--effir-text, #1b1f27); --_soft: var(--effir-soft, #565e6c); --_line: var(--effir-line, #d9dde4);
    --_surface: var(--effir-surface, #ffffff); --_wash: var(--effir-wash, #eff2f8); --_accent: var(--effir-accent, #2350c8);
    --_mark: var(--effir-mark, #ffe48a); --_mark-text: var(--effir-mark-text, #1b1f27); --_error: var(--effir-error, #b3261e);
    --_keyword: var(--effir-keyword, #ff8a65); --_meaning: var(--effir-meaning, #7fa5ff);
  }
}
:host([hidden]), [hidden] { display: none !important; }
*, *::before, *::after { box-sizing: border-box; }
p, fieldset, legend { margin: 0; padding: 0; border: 0; min-inline-size: 0; }
button, input { margin: 0; color: inherit; font: inherit; letter-spacing: inherit; }
button { cursor: pointer; }
svg { flex: none; inline-size: 1.25em; block-size: 1.25em; fill: none; stroke: currentcolor; stroke-width: 2; stroke-linecap: round; }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; border-radius: 0.25rem; }
.unseen { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
/* Each text of the site has its own direction, but all begin at the page's side. */
.search { container-type: inline-size; text-align: left; }
.search:dir(rtl) { text-align: right; }
kbd {
  flex: none; min-inline-size: 1.9em; padding: 0.1em 0.5em; border: 1px solid var(--_line); border-radius: 0.35em;
  color: var(--_soft); font-family: inherit; font-size: 0.75em; line-height: 1.5; text-align: center; white-space: nowrap;
}

.field, .trigger {
  display: flex; align-items: center; gap: 0.75em; inline-size: 100%; min-block-size: var(--_field); padding-inline: 1em;
  border: 1px solid var(--_line); border-radius: var(--_radius); background: var(--_surface); color: var(--_text);
}
.field svg, .trigger > svg { color: var(--_soft); }
.field:focus-within { border-color: var(--_accent); outline: 2px solid var(--_accent); outline-offset: -2px; }
.field:focus-within:has(button:focus-visible) { outline: 0; }
.field input {
  flex: 1; min-inline-size: 0; block-size: calc(var(--_field) - 2px); padding: 0; border: 0; outline: 0; background: none;
  font-size: max(1.0625em, 16px); text-align: inherit; text-overflow: ellipsis;
}
.field input::placeholder, .trigger span { color: var(--_soft); opacity: 1; }
.plain { display: grid; place-items: center; flex: none; min-inline-size: 2em; min-block-size: 2em; padding: 0; border: 0; background: none; }
.plain svg { inline-size: 1.1em; block-size: 1.1em; }
.plain:hover svg { color: var(--_text); }
input:placeholder-shown ~ .clear { visibility: hidden; }
.field > kbd { margin-inline-start: -0.25em; }
.field:focus-within > kbd { visibility: hidden; }
.trigger { text-align: start; transition: border-color 120ms; }
.trigger span { flex: 1; min-inline-size: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.trigger:hover { border-color: var(--_accent); }

.status {
  display: flex; align-items: center; gap: 1em; block-size: 2.25rem; padding-inline: 0.25em;
  color: var(--_soft); font-size: 0.8125em; font-variant-numeric: tabular-nums; white-space: nowrap;
}
.count { flex: none; inline-size: 9em; overflow: hidden; text-overflow: ellipsis; } /* fixed: the state beside it must not move */
.load { display: flex; flex: 1; align-items: center; gap: 0.5em; min-inline-size: 0; }
.load .text { flex: 1; min-inline-size: 0; min-block-size: 1.5em; overflow: hidden; text-align: end; text-overflow: ellipsis; }
.dot, .ring { flex: none; inline-size: 0.75em; block-size: 0.75em; border-radius: 50%; border: 1.5px solid var(--_line); }
.ring { margin-inline-start: -0.75em; }
[data-words=ready] .dot { border-color: var(--_keyword); background: var(--_keyword); }
[data-words=loading] .dot, [data-meaning=loading] .ring:not([data-share]) { animation: pulse 1.2s ease-in-out infinite; }
[data-meaning=ready] .ring { border-color: var(--_meaning); background: var(--_meaning); mix-blend-mode: normal; opacity: 0.92; }
[data-meaning=loading] .ring { border-color: var(--_meaning); background: conic-gradient(var(--_meaning) calc(var(--share, 0) * 1turn), transparent 0); }
[data-words=failed] .dot, [data-meaning=failed] .ring { border-color: var(--_error); background: none; }
[data-words=failed] .ring, [data-meaning=off] .ring { visibility: hidden; }
[data-words=failed] .text, [data-meaning=failed] .text { color: var(--_error); }
[data-words=waiting] .dot, [data-words=waiting] .ring { visibility: hidden; }
.link {
  display: inline-flex; align-items: center; gap: 0.35em; flex: none; padding: 0.25em 0; border: 0; background: none; color: var(--_accent); font-weight: 600;
  text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: 0.2em;
}
.toggle { text-decoration: none; }
.toggle[data-pending] { visibility: hidden; }
.toggle:hover { text-decoration: underline; }

.filters { display: grid; gap: 0.9em; margin-block: 0.25em 0.75em; padding: 0.9em 1em; border: 1px solid var(--_line); border-radius: var(--_radius); font-size: 0.875em; }
.group { display: flex; flex-wrap: wrap; align-items: center; gap: 0.45em; }
.group legend { float: inline-start; inline-size: 100%; margin-block-end: 0.35em; color: var(--_soft); font-weight: 600; }
.chip { display: inline-flex; align-items: center; gap: 0.45em; padding: 0.2em 0.75em; border: 1px solid var(--_line); border-radius: 1em; background: var(--_surface); cursor: pointer; }
.chip input { position: absolute; opacity: 0; inline-size: 1px; block-size: 1px; }
.chip:hover { border-color: var(--_accent); }
.chip:has(:checked) { border-color: var(--_accent); background: var(--_accent); color: var(--_surface); }
.chip:has(:focus-visible) { outline: 2px solid var(--_accent); outline-offset: 2px; }
.chip .pages { color: var(--_soft); font-variant-numeric: tabular-nums; }
.chip:has(:checked) .pages { color: inherit; }
.more { padding: 0.2em 0.5em; border: 0; background: none; color: var(--_accent); font-weight: 600; }

.panel { position: relative; }
[data-asked] .panel { min-block-size: var(--effir-reserve, 100vh); }
[data-asked] slot { display: none; }
.hit + .hit { border-block-start: 1px solid var(--_line); }
.hit { padding-block: 0.4em; }
[role=option] { display: block; border-radius: var(--_radius); color: inherit; text-decoration: none; overflow-wrap: anywhere; scroll-margin-block: 1rem; cursor: pointer; }
[role=option]:hover { background: color-mix(in srgb, var(--_wash) 60%, transparent); }
[role=option][aria-selected=true] { background: var(--_wash); box-shadow: inset 3px 0 0 var(--_accent); }
[role=option][aria-selected=true]:dir(rtl) { box-shadow: inset -3px 0 0 var(--_accent); }
.main { padding: 0.65em 0.9em; }
.pictured { position: relative; min-block-size: calc(3rem + 1.3em); padding-inline-start: calc(3rem + 1.8em); }
.image { position: absolute; inset-block-start: 0.65em; inset-inline-start: 0.9em; inline-size: 3rem; block-size: 3rem; object-fit: cover; border-radius: calc(var(--_radius) / 2); background: var(--_wash); }
.name { display: flex; align-items: baseline; gap: 0 0.5em; white-space: nowrap; }
.title { flex: 0 1 auto; min-inline-size: 0; overflow: hidden; color: var(--effir-title, var(--_text)); font-size: 1.0625em; font-weight: 650; text-overflow: ellipsis; }
.name .heading { flex: 0 9999 auto; min-inline-size: 0; overflow: hidden; color: var(--_soft); text-overflow: ellipsis; }
.step::before { content: "›"; color: var(--_soft); font-style: normal; } /* mirrored by the browser where the page runs from right to left */
.url { display: block; overflow: hidden; color: var(--_soft); font-size: 0.8125em; text-overflow: ellipsis; white-space: nowrap; }
.main .snippet { display: -webkit-box; margin-block-start: 0.15em; overflow: hidden; color: var(--_soft); font-size: 0.9375em; -webkit-box-orient: vertical; -webkit-line-clamp: 2; line-clamp: 2; }
.further { display: flex; gap: 0.75em; margin-inline-start: calc(0.9em / 0.875); padding: 0.3em 0.9em; border-inline-start: 2px solid var(--_line); border-start-start-radius: 0; border-end-start-radius: 0; font-size: 0.875em; white-space: nowrap; overflow: hidden; }
.further .heading { flex: none; max-inline-size: 45%; overflow: hidden; font-weight: 600; text-overflow: ellipsis; }
.further .snippet { flex: 1; min-inline-size: 0; overflow: hidden; color: var(--_soft); text-overflow: ellipsis; }
mark { border-radius: 0.15em; background: var(--_mark); color: var(--_mark-text); }
.ranks { display: inline-flex; flex: none; margin-inline-start: auto; padding-inline-start: 0.4em; align-self: center; isolation: isolate; }
.disc { display: grid; place-content: center; min-inline-size: 1.9em; block-size: 1.9em; border-radius: 1em; white-space: nowrap; color: var(--_rank-text); font-size: 0.6875em; font-weight: 700; font-variant-numeric: tabular-nums; mix-blend-mode: multiply; }
.disc.keyword { padding-inline: 0.4em 0.65em; background: var(--_keyword); }
.disc.meaning { padding-inline: 0.65em 0.4em; margin-inline-start: -0.5em; background: var(--_meaning); }
.disc:not([data-state=placed]) { border: 1.5px dashed var(--_line); background: none; mix-blend-mode: normal; }
.disc[data-state=unknown] { border-style: dotted; }

.message { display: grid; justify-items: start; gap: 0.75em; padding: 1.5em 0.9em; color: var(--_soft); }
.message .what { color: var(--_error); font-weight: 600; }
.message .detail { overflow-wrap: anywhere; }
.button { padding: 0.45em 1em; border: 1px solid currentcolor; border-radius: var(--_radius); background: none; color: var(--_accent); font-weight: 600; }
.button:hover { background: var(--_wash); }

.waiting { display: none; }
[data-asked][data-waiting] .waiting { display: block; opacity: 0; animation: appear 200ms 250ms forwards; }
.waiting div { padding: 1.05em 0.9em; }
.waiting div + div { border-block-start: 1px solid var(--_line); }
.waiting i { display: block; block-size: 0.7em; margin-block: 0.5em; border-radius: 0.35em; background: var(--_wash); }
.waiting i:nth-child(1) { inline-size: 34%; } .waiting i:nth-child(2) { inline-size: 92%; } .waiting i:nth-child(3) { inline-size: 71%; }

dialog {
  inline-size: min(46rem, calc(100vw - 2rem)); max-inline-size: none; max-block-size: calc(100vh - 6rem); margin: 4rem auto auto; padding: 0; overflow: hidden;
  border: 1px solid var(--_line); border-radius: calc(var(--_radius) * 1.5); background: var(--_surface); color: inherit; box-shadow: 0 1.5rem 4rem rgb(8 12 28 / 28%);
}
[data-asked] dialog { block-size: min(42rem, calc(100vh - 6rem)); }
dialog::backdrop { background: var(--effir-backdrop, rgb(14 18 34 / 45%)); }
dialog .search { display: flex; flex-direction: column; block-size: 100%; }
dialog .field { flex: none; border: 0; border-radius: 0; border-block-end: 1px solid var(--_line); outline: 0 !important; background: none; }
dialog .status { flex: none; padding-inline: 1em; }
dialog .filters { flex: none; margin: 0 1em 0.75em; max-block-size: 40%; overflow: auto; }
dialog .panel { flex: 1; min-block-size: 0 !important; padding: 0 0.5em 0.5em; overflow: hidden auto; overscroll-behavior: contain; }
.close kbd { cursor: inherit; }
.hints { display: flex; flex: none; gap: 1.25em; padding: 0.55em 1em; border-block-start: 1px solid var(--_line); color: var(--_soft); font-size: 0.8125em; }
.hints span { display: flex; align-items: center; gap: 0.4em; }

@keyframes pulse { 50% { opacity: 0.25; } }
@keyframes appear { to { opacity: 1; } }
@keyframes rise { from { opacity: 0; transform: translateY(0.5rem); } }
dialog[open] { animation: rise 140ms ease-out; }

@container (max-width: 34rem) {
  .count { inline-size: 6em; }
  .main { padding-inline: 0.6em; }
  .further { margin-inline-start: 0.6em; }
  .further .snippet { display: none; }
  .further .heading { max-inline-size: 100%; }
  .further:not(:has(.heading)) .snippet { display: block; }
  .field > kbd { display: none; }
  .load:has(button:not([hidden])) .text { display: none; }
  .name { display: grid; grid-template-columns: minmax(0, 1fr) auto; }
  .name .heading { grid-row: 2; grid-column: 1 / -1; }
  .step { display: none; }
}
@media (max-width: 40rem) {
  dialog, [data-asked] dialog { inline-size: 100vw; block-size: 100dvh; max-block-size: none; margin: 0; border: 0; border-radius: 0; }
}
@media (pointer: coarse) {
  .hints, .trigger kbd { display: none; }
  .chip { padding-block: 0.5em; }
  .further { padding-block: 0.65em; }
  .plain { min-inline-size: 2.75rem; min-block-size: 2.75rem; }
}
@media (prefers-reduced-motion: reduce) {
  *, dialog[open] { animation-duration: 1ms !important; animation-iteration-count: 1 !important; transition: none !important; }
}
@media (forced-colors: active) {
  [role=option][aria-selected=true] { outline: 2px solid Highlight; outline-offset: -2px; }
  .chip:has(:checked) { outline: 2px solid Highlight; }
  .dot, .ring, .disc { forced-color-adjust: none; }
}
`;

let shared: CSSStyleSheet | undefined;

/** sheet returns the one style sheet that all elements share. */
export function sheet(): CSSStyleSheet {
  if (!shared) {
    shared = new CSSStyleSheet();
    shared.replaceSync(css);
  }
  return shared;
}
