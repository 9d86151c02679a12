/**
 * Loaded before everything else: notes what goes wrong on a page without anybody
 * catching it, and which workers it starts.
 */
declare global {
  var watch: {
    /** Uncaught errors, unhandled rejections and violations of the Content-Security-Policy. */
    problems: string[];
    workers: Worker[];
    /** Sum of the layout shifts that no input explains, where the engine reports them. */
    shift: number;
    /** Frames in which the page's content was seen before the component was defined, and by how many pixels it has moved since. */
    frames: number;
    moved: number;
  };
}

globalThis.watch = { problems: [], workers: [], shift: 0, frames: 0, moved: 0 };
const { problems, workers } = globalThis.watch;

addEventListener("error", (event) => problems.push(`error: ${event.message}`));
addEventListener("unhandledrejection", (event) => problems.push(`unhandled rejection: ${String(event.reason)}`));
new BroadcastChannel("problems").onmessage = ({ data }) => problems.push(String(data));
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sourceFile, lineNumber, sample }) =>
  problems.push(`policy: ${violatedDirective} ${blockedURI} at ${sourceFile}:${lineNumber} ${sample}`),
);

globalThis.Worker = class extends Worker {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(url, options);
    workers.push(this);
  }
};

interface LayoutShift extends PerformanceEntry {
  value: number;
  hadRecentInput: boolean;
}
if (PerformanceObserver.supportedEntryTypes.includes("layout-shift")) {
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries() as LayoutShift[]) {
      if (!hadRecentInput) globalThis.watch.shift += value;
    }
  }).observe({ type: "layout-shift", buffered: true });
}

let top: number | undefined;
function look(): void {
  const main = document.querySelector("main");
  if (main) {
    const now = main.getBoundingClientRect().top;
    if (!customElements.get("effir-search")) {
      top = now;
      globalThis.watch.frames++;
    } else if (top !== undefined) globalThis.watch.moved = Math.max(globalThis.watch.moved, Math.abs(now - top));
  }
  requestAnimationFrame(look);
}
if (new URLSearchParams(location.search).has("still")) requestAnimationFrame(look);

// Under Save-Data as the engine knows it; engines without the interface get it on demand.
const settings = new URLSearchParams(location.search);
const wish = settings.get("connection");
if (wish) Object.defineProperty(navigator, "connection", { value: Object.assign(new EventTarget(), JSON.parse(wish)) });

// What older browsers lack, on the page as in its workers.
if (settings.has("nolocks")) Object.defineProperty(Navigator.prototype, "locks", { value: undefined });

export {};
