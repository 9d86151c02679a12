/**
 * The service worker: a page that was visited, what it loaded, and of the index
 * whatever was used, work without a network. Files that are named by their
 * content never change: those that a search has kept are served from there.
 * Everything else is asked of the network first, so that a site that was
 * published anew is seen at once, and taken from the last visit if no answer comes.
 */
import type { Keep } from "./offline.ts";

interface ExtendableEvent extends Event {
  waitUntil(promise: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  request: Request;
  respondWith(response: Promise<Response>): void;
}
interface Scope extends EventTarget {
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
}

const scope = globalThis as unknown as Scope;
const CACHE = "effir offline";
const CONTENT = /\/[0-9a-f]{32}(?:[0-9a-f]{32})?\.bin$/;
const PATIENCE = 4_000; // milliseconds that the network has where an answer is kept
const MOST = 500; // answers kept; the oldest go first
const LARGEST = 16 << 20;

scope.addEventListener("install", (event) => (event as ExtendableEvent).waitUntil(scope.skipWaiting()));
scope.addEventListener("activate", (event) => (event as ExtendableEvent).waitUntil(scope.clients.claim()));

scope.addEventListener("message", (event) => {
  const { data } = event as MessageEvent<Keep>;
  if (data?.type === "keep") (event as unknown as ExtendableEvent).waitUntil(keepAll(data.urls));
});

scope.addEventListener("fetch", (event) => {
  const { request } = event as FetchEvent;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin || request.headers.has("Range")) return;
  (event as FetchEvent).respondWith(CONTENT.test(url.pathname) ? contentNamed(request) : networkFirst(event as FetchEvent));
});

/** contentNamed serves what a search has kept; only its worker, which verifies, adds to that. */
async function contentNamed(request: Request): Promise<Response> {
  return (await caches.match(request.url)) ?? fetch(request);
}

async function networkFirst(event: FetchEvent): Promise<Response> {
  const { request } = event;
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request.url, { ignoreVary: true });
  const asked = fetch(request).then((response) => {
    event.waitUntil(keep(cache, request.url, response.clone()));
    return response;
  });
  if (!kept) return asked;
  asked.catch(() => {});
  return Promise.race([asked.catch(() => kept), after(PATIENCE).then(() => kept)]);
}

/** keepAll fetches what a page loaded before this worker was there. */
async function keepAll(urls: string[]): Promise<void> {
  const cache = await caches.open(CACHE);
  for (const url of urls) {
    if (CONTENT.test(new URL(url).pathname)) continue;
    await fetch(url).then((response) => keep(cache, url, response)).catch(() => {}); // what is missing is missing offline, too
  }
}

async function keep(cache: Cache, url: string, response: Response): Promise<void> {
  const size = Number(response.headers.get("Content-Length") ?? 0);
  if (response.status !== 200 || response.type === "opaque" || size > LARGEST) return void response.body?.cancel();
  try {
    await cache.put(url, response); // behind all others
    const keys = await cache.keys();
    for (const old of keys) if (isEarlier(old.url, url)) await cache.delete(old);
    for (const old of keys.slice(0, Math.max(0, keys.length - MOST))) await cache.delete(old);
  } catch {
    // the disk is full
  }
}

/** isEarlier says whether an address is that of another build of the same file, see build.ts. */
function isEarlier(other: string, url: string): boolean {
  const [a, b] = [new URL(other), new URL(url)];
  return a.pathname === b.pathname && a.search !== b.search && a.searchParams.has("v") && b.searchParams.has("v");
}

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
