import { fileOf } from "./build.ts";
import { folder, runtimes } from "./client.ts";

/** What registerOffline can be told. */
export interface OfflineOptions {
  /** URL of the service worker's script. Default: sw.js in the runtime's folder. */
  script?: string | URL;
  /** The part of the site that works offline. Default: all that the browser allows the script, at best "/". */
  scope?: string;
  runtime?: string | URL;
  /** The index's folder, so that its manifest is at hand; the page's searches add what they use. Default: the runtime's folder. */
  index?: string | URL;
  /** Default: model/ in the index's folder. */
  model?: string | URL;
}

/** From page to service worker: fetch these now and keep them. */
export interface Keep {
  type: "keep";
  urls: string[];
}

const SCRIPTS = ["effir.js", "effir-search.js"]; // which pages name
const RUNTIME = ["worker.js", "guest.wasm", "kernels_baseline.wasm", "kernels_relaxed.wasm"];
const REMEDY =
  'put a file sw.js with the line importScripts("/effir/sw.js") (the path of effir\'s own) at the root of the site and name it in the option script, ' +
  "or let the server send the header Service-Worker-Allowed: / with effir's sw.js";

/**
 * registerOffline makes the page, the runtime, the index and whatever of it was
 * used work without a network. It resolves when the service worker is active and
 * keeps what this page has loaded. A script may speak for its own folder and what
 * lies below only, unless the server says otherwise.
 */
export async function registerOffline(options: OfflineOptions = {}): Promise<ServiceWorkerRegistration> {
  if (!("serviceWorker" in navigator)) throw new Error("this browser or page knows no service workers: they need https or localhost, and no private window");
  const runtime = runtimes(options.runtime)[0]!;
  const index = folder(options.index ?? runtime);
  const model = folder(options.model ?? new URL("model/", index));
  const script = new URL(options.script ?? new URL("sw.js", runtime), document.baseURI);
  const registration = await register(script, options.scope);
  const active = (await activeOf(registration))!;
  const urls = [
    location.href,
    ...SCRIPTS.map((name) => new URL(name, runtime).href),
    ...RUNTIME.map((name) => fileOf(name, runtime).href),
    new URL("index.json", index).href,
    new URL("model.json", model).href,
    new URL("pages.json", model).href,
    ...performance.getEntriesByType("resource").map(({ name }) => name),
  ];
  active.postMessage({ type: "keep", urls: [...new Set(urls.map((url) => url.replace(/#.*$/, "")))].filter(isOwn) } satisfies Keep);
  return registration;
}

/** register asks for the whole site first, then for what the script's folder allows, which must hold this page. */
async function register(script: URL, scope: string | undefined): Promise<ServiceWorkerRegistration> {
  const container = navigator.serviceWorker;
  try {
    return await container.register(script, { scope: scope ?? "/" });
  } catch (thrown) {
    if (!(thrown instanceof DOMException && thrown.name === "SecurityError")) {
      throw new Error(`${script} could not be registered: ${String(thrown)}`);
    }
    const allowed = new URL("./", script).href;
    if (scope !== undefined || !location.href.startsWith(allowed)) {
      throw new Error(`${script} may not serve ${scope ?? location.pathname}: ${REMEDY}`);
    }
    return container.register(script);
  }
}

function activeOf(registration: ServiceWorkerRegistration): Promise<ServiceWorker | null> {
  const coming = registration.installing ?? registration.waiting;
  if (!coming) return Promise.resolve(registration.active);
  return new Promise((resolve, reject) => {
    coming.addEventListener("statechange", () => {
      if (coming.state === "activated") resolve(coming);
      if (coming.state === "redundant") reject(new Error(`${coming.scriptURL} could not be installed`));
    });
  });
}

function isOwn(url: string): boolean {
  return new URL(url).origin === location.origin;
}
