/** The search page: wires the field, the list and the gauges to the search engine. */
import { type Results, type Status, open } from "../src/index.ts";
import { byId, element, setText } from "./dom.ts";
import { showEngine } from "./gauges.ts";
import { type Progress, watch } from "./indexing.ts";
import { Keyboard } from "./keyboard.ts";
import { clear, show } from "./results.ts";
import { count, examples, stages, text } from "./strings.ts";

const LIMIT = 10;
const ADDRESS_AFTER = 300; // milliseconds; browsers limit how often the address may change

const input = byId<HTMLInputElement>("query");
const search = open({ runtime: "./", index: "index/", model: "model/" });
const keyboard = new Keyboard(input, () => run());

let progress: Progress | undefined;
let shown: Results | undefined;
let newest = 0;
let addressTimer = 0;
let failure = ""; // of the newest query

/** run answers what the field holds now. */
async function run(): Promise<void> {
  const query = input.value.trim();
  const turn = ++newest;
  clearTimeout(addressTimer);
  addressTimer = setTimeout(() => setAddress(query, "replaceState"), ADDRESS_AFTER);
  failure = "";
  showNotice(search.status);
  byId("start").hidden = query !== "";
  byId("found").hidden = query === "" || shown === undefined;
  if (query === "") {
    showNothing();
    return;
  }
  try {
    for await (const results of search.search(query, { limit: LIMIT })) {
      if (turn !== newest) return;
      showResults(results);
    }
  } catch (thrown) {
    if (turn !== newest) return;
    failure = (thrown as Error).message;
    showNotice(search.status);
  }
}

function showResults(results: Results): void {
  const changed = JSON.stringify(shown?.hits) !== JSON.stringify(results.hits) || shown?.query !== results.query;
  shown = results;
  byId("found").hidden = false;
  if (changed) {
    show(results);
    keyboard.reset();
  }
  byId("found").dataset.mode = results.mode;
  setText(byId("count"), count(results));
  byId("timings").replaceChildren(
    ...stages(results.timings).map(([name, time]) => element("span", "", `${name} `, element("b", "", time))),
  );
  const nothing = byId("nothing");
  nothing.hidden = results.hits.length > 0;
  setText(nothing, text.nothing(results.query) + (results.final ? "" : text.nothingYet));
  if (results.final) setText(byId("announce"), count(results));
}

/** showNothing empties what showResults fills. */
function showNothing(): void {
  shown = undefined;
  clear();
  keyboard.reset();
  delete byId("found").dataset.mode;
  byId("timings").replaceChildren();
  byId("nothing").hidden = true;
  for (const id of ["count", "nothing", "announce"]) setText(byId(id), "");
}

function showStatus(status: Status): void {
  showEngine(status, progress);
  showNotice(status);
}

/** showNotice shows what is most wrong, or nothing. What is still being prepared is not wrong. */
function showNotice({ index, model }: Status): void {
  const preparing = progress !== undefined && !progress.done;
  let notice = failure;
  if (index.vectorsError && !preparing) notice = `${text.meaningOff}: ${index.vectorsError}`;
  if (model.error && !preparing) notice = `${text.meaningOff}: ${model.error}`;
  if (index.error && !preparing) notice = `${text.keywordOff}: ${index.error}`;
  if (progress?.error) notice = progress.error;
  const box = byId("notice");
  setText(box.querySelector("p")!, notice);
  box.hidden = notice === "";
}

/** setAddress keeps ?q= in step with the field, so that a search can be linked to. */
function setAddress(query: string, how: "pushState" | "replaceState"): void {
  const url = new URL(location.href);
  if (query) url.searchParams.set("q", query);
  else url.searchParams.delete("q");
  if (url.href !== location.href) history[how](null, "", url);
}

function fromAddress(): void {
  input.value = new URLSearchParams(location.search).get("q") ?? "";
  void run();
}

byId("examples").append(
  ...examples.map((question) => {
    const button = element("button", "", question);
    button.type = "button";
    button.addEventListener("click", () => {
      input.value = question;
      setAddress(question, "pushState");
      input.focus();
      void run();
    });
    return element("li", "", button);
  }),
);
byId("notice").querySelector("button")!.addEventListener("click", () => location.reload());
byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  setAddress(input.value.trim(), "pushState");
  void run();
});
input.addEventListener("input", () => void run());
addEventListener("popstate", fromAddress);

search.onStatus(showStatus);
fromAddress();

void watch(async (now) => {
  progress = now;
  showStatus(search.status);
  const before = search.status.index;
  // Without an error of its own the list below stays as it is.
  await search.refresh().catch(() => {});
  const { index, model } = search.status;
  const more = index.vectors !== before.vectors || index.stage !== before.stage;
  if (input.value.trim() && (more || (model.stage === "loading" && shown?.final))) void run();
});
