/**
 * The script of the Web Worker: takes requests one message at a time, see
 * protocol.ts. A worker of this one that is to help it runs it too, see helper.ts.
 */
import { BUILD } from "./build.ts";
import { message } from "./errors.ts";
import { help, type Order } from "./helper.ts";
import { LocalStore } from "./localstore.ts";
import { Meaning } from "./meaning.ts";
import type { Call, Calls, Method, Problem, Reply, Request, WorkerOptions } from "./protocol.ts";
import { Session } from "./session.ts";
import { SiteIndex } from "./siteindex.ts";

const REPORT_EVERY = 50; // milliseconds between two messages on progress

interface Scope {
  postMessage(reply: unknown, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<Request | Order>) => void) | null;
}
const scope = globalThis as unknown as Scope;
const post = (reply: Reply, transfer: Transferable[] = []): void => scope.postMessage(reply, transfer);

let session: Session | undefined;
let site: SiteIndex | undefined;
let local: LocalStore | undefined;
let opening: Promise<void> = Promise.reject(new Error("the worker got a call before it was opened"));
opening.catch(() => {});
const active = new Map<number, AbortController>(); // calls that are neither answered nor cancelled
let searching = 0; // the search whose results are wanted

scope.onmessage = ({ data }) => {
  switch (data.type) {
    case "help":
      return help(scope, data.outfit);
    case "open":
      opening = open(data.options);
      opening.then(
        () => post({ type: "opened", size: local?.size ?? 0, storage: local?.stored ?? "memory" }),
        (thrown: unknown) => post({ type: "refused", error: problem(thrown) }),
      );
      return;
    case "held":
      return session?.setHeld(data.held);
    case "cancel":
      active.get(data.id)?.abort();
      return;
    case "call":
      void answer(data);
  }
};
post({ type: "hello", build: BUILD });

async function open(options: WorkerOptions): Promise<void> {
  if (options.lock !== "") {
    void navigator.locks.request(options.lock, () => {
      post({ type: "locked" });
      return new Promise(() => {}); // for life
    });
  }
  const meaning = new Meaning(options, report);
  const { source } = options;
  if ("site" in source) {
    site = new SiteIndex(source.site, (manifest) => {
      meaning.expect(manifest.vectors?.model ?? "");
      report();
    });
  } else {
    local = new LocalStore(source.local, meaning, report);
  }
  session = new Session(options, (site ?? local)!, meaning, report);
  try {
    await (site ?? local)!.load();
    session.resume();
  } finally {
    sendStatus();
  }
}

/** answer runs a call and ends it with exactly one "done" or "failed". */
async function answer(call: Call): Promise<void> {
  const { id } = call;
  const stop = new AbortController();
  active.set(id, stop);
  if (call.method === "search") {
    active.get(searching)?.abort();
    searching = id;
  }
  try {
    await opening;
    const output = await run(call, stop.signal);
    sendStatus(); // whoever awaits the call sees the status that it led to
    const transfer = call.method === "embed" ? (output as Float32Array<ArrayBuffer>[]).map((vector) => vector.buffer) : [];
    post({ type: "done", id, output }, transfer);
  } catch (thrown) {
    sendStatus();
    if (stop.signal.aborted && call.method === "search") post({ type: "done", id, output: null });
    else post({ type: "failed", id, error: problem(thrown) });
  }
  active.delete(id);
}

async function run({ id, method, input }: Call, signal: AbortSignal): Promise<Calls[Method]["out"]> {
  const send = (item: Calls[Method]["item"]): void => post({ type: "item", id, item });
  const on = session!;
  switch (method) {
    case "search":
      await on.search(input.query, input.options, send, signal);
      return null;
    case "embed":
      return on.embed(input.texts, input.kind, signal);
    case "meaning":
      await on.loadMeaning(signal);
      return null;
    case "related":
      return theSite().related(input.page, input.limit, signal);
    case "filters":
      return theSite().filters(signal);
    case "refresh":
      await theSite().refresh();
      on.retry();
      return null;
    case "add":
      await theLocal().add(input.documents);
      return null;
    case "embedAdded":
      if (on.startsMeaning()) await theLocal().embed((embedded, passages) => send({ embedded, passages }), signal);
      return null;
    case "remove":
      await theLocal().remove(input.ids);
      return null;
    case "documents":
      return theLocal().documents();
    case "clear":
      await theLocal().clear();
      return null;
  }
}

function theSite(): SiteIndex {
  if (!site) throw new Error("this index is local");
  return site;
}

function theLocal(): LocalStore {
  if (!local) throw new Error("this index is a site's");
  return local;
}

function problem(thrown: unknown): Problem {
  return { name: thrown instanceof Error ? thrown.name : "Error", message: message(thrown) };
}

let reporting = false;

/** report posts the status soon, however often it changes until then. */
function report(): void {
  if (reporting) return;
  reporting = true;
  setTimeout(() => {
    reporting = false;
    sendStatus();
  }, REPORT_EVERY);
}

function sendStatus(): void {
  if (session) post({ type: "status", status: session.status, size: local?.size ?? 0 });
}
