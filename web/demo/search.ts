/** The start page: the Go documentation in the component, with what the engine does beside it. */
import { EffirSearch, open, type Results, type Search, type Status } from "../component/index.ts";
import { meaningLevel, showDiscs, wordsLevel } from "./discs.ts";
import { byId, setText } from "./dom.ts";
import { type Progress, watch } from "./indexing.ts";
import { remember } from "./log.ts";
import { showReceipt } from "./receipt.ts";

const ADDRESS_AFTER = 300; // milliseconds; browsers limit how often the address may change

const field = byId<EffirSearch>("search");
let search: Search | undefined;
let status: Status | undefined;
let progress: Progress | undefined;
let failure = "";
let addressTimer = 0;

function showEngine(): void {
  showDiscs(wordsLevel(status, failure), meaningLevel(status, progress));
  const parts = status?.kernels ? [`${status.kernels} SIMD kernels`] : [];
  if (status?.model.name) parts.push(status.model.name);
  if (status?.model.stage === "ready" && status.model.cached === status.model.total) parts.push("model from cache");
  setText(byId("device"), parts.join(" · "));
}

/** start opens the index. A failure is the component's to show: it opens src itself when somebody types. */
async function start(): Promise<void> {
  try {
    search = await open("index/", { model: "model/", onProgress: (now) => ((status = now), showEngine()) });
    field.search = search;
    void loadMeaning();
  } catch (thrown) {
    failure = (thrown as Error).message;
    showEngine();
  }
}

/** loadMeaning loads the model before the first search asks for it, unless the connection is to be spared. */
async function loadMeaning(): Promise<void> {
  if (!search?.status.index.meaning || search.status.model.stage !== "waiting" || search.status.model.held) return;
  await search.loadMeaning().catch(() => {}); // the status says it
}

/** setAddress keeps ?q= in step with the field, so that a search can be linked to. */
function setAddress(query: string, how: "pushState" | "replaceState"): void {
  const url = new URL(location.href);
  if (query) url.searchParams.set("q", query);
  else url.searchParams.delete("q");
  if (url.href !== location.href) history[how](null, "", url);
}

function fromAddress(): void {
  const query = new URLSearchParams(location.search).get("q") ?? "";
  field.value = query;
  if (query === "") showReceipt(undefined);
}

for (const button of byId("examples").querySelectorAll("button")) {
  button.addEventListener("click", () => {
    const question = button.textContent;
    setAddress(question, "pushState");
    field.value = question;
    field.focus();
  });
}

field.addEventListener("input", () => {
  clearTimeout(addressTimer);
  addressTimer = setTimeout(() => setAddress(field.value.trim(), "replaceState"), ADDRESS_AFTER);
  if (field.value.trim() === "") showReceipt(undefined);
});
field.addEventListener("effir-search", ({ detail }: CustomEvent<Results>) => {
  showReceipt(detail);
  if (detail.final) remember(detail);
});
field.addEventListener("effir-select", (event) => {
  const { url, newTab } = event.detail;
  if (newTab || !url) return;
  event.preventDefault(); // the search stays open beside what was found
  window.open(url, "_blank", "noopener");
});
addEventListener("popstate", fromAddress);

showEngine();
fromAddress();
await start();
await watch(async (now) => {
  progress = now;
  showEngine();
  if (!search) return;
  const before = status;
  await search.refresh().catch(() => {}); // without an error of its own the list stays as it is
  if (status?.index.meaning === before?.index.meaning) return;
  field.value = field.value; // the same search, now also by meaning
  void loadMeaning();
});
