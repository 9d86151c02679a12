/** The page that searches files which never leave the browser. */
import { createIndex, EffirSearch, type AddProgress, type LocalIndex, type Status } from "../component/index.ts";
import { byId, element, setText } from "./dom.ts";
import { bytes, count, number } from "./format.ts";
import { fromDrop, fromInput, type Picked } from "./picking.ts";
import { read, type Skipped } from "./reading.ts";
import { showPassage } from "./reader.ts";
import { samples } from "./samples.ts";
import { showShelf } from "./shelf.ts";

const SURE = 4000; // milliseconds in which a second click removes everything

const field = byId<EffirSearch>("search");
const page = byId("files-page");
let index: LocalIndex | undefined;
let work: AbortController | undefined;

/** show says which of its states the page is in: "empty", "working" or "filled". */
function show(state: "empty" | "working" | "filled"): void {
  page.dataset.state = state;
}

async function refreshShelf(): Promise<void> {
  if (!index) return;
  showShelf(await index.documents(), (id) => void change(() => index!.remove([id])));
  if (!work) show(index.size > 0 ? "filled" : "empty");
  const { usage = 0 } = (await navigator.storage?.estimate?.()) ?? {};
  const kept = index.storage === "memory" ? "This browser keeps nothing: the files are gone with the page" : usage > 0 ? `${bytes(usage)} of this browser’s storage hold index and model` : "";
  setText(byId("storage"), kept);
}

/** change runs one change of the index and shows what it led to. */
async function change(run: () => Promise<void>): Promise<void> {
  setText(byId("problem"), "");
  try {
    await run();
  } catch (thrown) {
    if ((thrown as Error).name !== "AbortError") setText(byId("problem"), (thrown as Error).message);
  }
  await refreshShelf().catch((thrown: Error) => setText(byId("problem"), thrown.message));
  field.value = field.value;
}

const jobs: ((signal: AbortSignal) => Promise<void>)[] = [];

/** enqueue runs a job behind those that came before; all can be cancelled at any moment, and what is stored by then stays. */
async function enqueue(job: (signal: AbortSignal) => Promise<void>): Promise<void> {
  if (!index) {
    setText(byId("problem"), "The index is not open: try again in a moment.");
    return;
  }
  jobs.push(job);
  if (work) return;
  const { signal } = (work = new AbortController());
  show("working");
  for (let next = jobs.shift(); next; next = jobs.shift()) {
    const run = next;
    await change(() => run(signal));
    if (signal.aborted) jobs.length = 0;
  }
  work = undefined;
  show(index.size > 0 ? "filled" : "empty");
}

/** add reads and indexes files. */
function add(pick: (signal: AbortSignal) => Promise<Picked[]>): void {
  void enqueue(async (signal) => {
    showProgress("Looking for files", undefined);
    showSkipped([]);
    const picked = await pick(signal);
    const { documents, skipped } = await read(picked, signal, (done) => showProgress(`Reading ${number(done)} of ${count(picked.length, "file")}`, undefined));
    showSkipped(skipped);
    if (documents.length === 0) throw new Error("There is no Markdown or text in what you chose.");
    await index!.add(documents, { signal, onProgress: (now) => showProgress(undefined, now) });
  });
}

function showProgress(text: string | undefined, now: AddProgress | undefined): void {
  const { stored = 0, embedded = 0, total = 0 } = now ?? {};
  const bar = (id: string, done: number): void => {
    byId<HTMLProgressElement>(id).value = total > 0 ? done / total : 0;
  };
  bar("stored", stored);
  bar("embedded", embedded);
  const said = embedded > 0 || stored === total ? `${number(embedded)} of ${number(total)} by meaning` : `${number(stored)} of ${number(total)} by words`;
  setText(byId("progress-text"), text ?? said);
}

function showSkipped(skipped: Skipped[]): void {
  const box = byId<HTMLDetailsElement>("skipped");
  box.hidden = skipped.length === 0;
  setText(box.querySelector("summary")!, `${count(skipped.length, "file")} left out`);
  box.querySelector("ul")!.replaceChildren(...skipped.slice(0, 100).map(({ path, why }) => element("li", "", element("b", "", path), ` ${why}`)));
}

/** Why the model waits until it is asked for. */
const HELD = { "save-data": "data", metered: "a metered connection", slow: "a slow connection" };

function showStatus({ model }: Status): void {
  const texts: Record<string, string> = {
    off: "By words only: there is no model",
    waiting: model.held ? `By words only, to spare ${HELD[model.held]}; “Search by meaning, too” loads the model` : "The model is loaded with the first file",
    loading: model.total > 0 ? `Model: ${bytes(model.loaded)} of ${bytes(model.total)}` : "Model: starting",
    ready: "Words and meaning, on this device",
    failed: `By words only: ${model.error ?? "the model is not available"}`,
  };
  setText(byId("model-state"), texts[model.stage] ?? "");
}

for (const id of ["choose-files", "choose-folder"]) {
  const input = byId<HTMLInputElement>(id);
  input.addEventListener("change", () => {
    const picked = fromInput(input);
    input.value = ""; // the same files can be chosen again
    if (picked.length > 0) add(() => Promise.resolve(picked));
  });
}
for (const button of document.querySelectorAll<HTMLButtonElement>("[data-opens]")) {
  button.addEventListener("click", () => byId<HTMLInputElement>(button.dataset.opens!).click());
}
byId("take-samples").addEventListener("click", () => {
  void enqueue(async (signal) => {
    showProgress("Reading the notes", undefined);
    await index!.add(samples, { signal, onProgress: (now) => showProgress(undefined, now) });
  });
});
byId("cancel").addEventListener("click", () => work?.abort(new DOMException("cancelled", "AbortError")));
byId("remove-all").addEventListener("click", () => {
  const button = byId("remove-all");
  if (button.dataset.sure) {
    delete button.dataset.sure;
    setText(button, "Remove all");
    void change(() => index!.clear());
    return;
  }
  button.dataset.sure = "1";
  setText(button, "Really remove all?");
  setTimeout(() => {
    delete button.dataset.sure;
    setText(button, "Remove all");
  }, SURE);
});

// Dropping works on the whole page; without a file in it a drag is somebody else's.
let over = 0;
const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
addEventListener("dragenter", (event) => {
  if (carriesFiles(event) && ++over === 1) page.dataset.over = "1";
});
addEventListener("dragleave", (event) => {
  if (carriesFiles(event) && --over <= 0) delete page.dataset.over;
});
addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  event.dataTransfer!.dropEffect = "copy";
});
addEventListener("drop", (event) => {
  over = 0;
  delete page.dataset.over;
  const { dataTransfer } = event;
  if (!dataTransfer || !carriesFiles(event)) return;
  event.preventDefault();
  add(fromDrop(dataTransfer));
});

field.addEventListener("effir-select", (event) => {
  event.preventDefault();
  showPassage(event.detail);
});
byId("close-reader").addEventListener("click", () => byId<HTMLDialogElement>("reader").close());

try {
  index = await createIndex("demo-files", { model: "model/", onProgress: showStatus });
  field.search = index;
  await refreshShelf();
} catch (thrown) {
  setText(byId("problem"), (thrown as Error).message);
}
page.removeAttribute("aria-busy");
