import type { Status } from "../src/types.ts";
import { byId, setText } from "./dom.ts";
import { bytes, milliseconds, number } from "./format.ts";

const UNKNOWN = "not told by this browser";

/** showDevice fills in what the browser says about the machine, and the engine about itself. */
export async function showDevice(status: Status | undefined): Promise<void> {
  const device = navigator as Navigator & { deviceMemory?: number; userAgentData?: { brands: { brand: string; version: string }[]; platform: string } };
  const heap = (performance as Performance & { memory?: { usedJSHeapSize: number } }).memory?.usedJSHeapSize;
  setText(byId("kernels"), status?.kernels ? `${status.kernels} SIMD` : "–");
  setText(byId("engine-memory"), status?.memory ? bytes(status.memory) : "–");
  setText(byId("page-memory"), heap ? bytes(heap) : UNKNOWN);
  setText(byId("cores"), number(navigator.hardwareConcurrency));
  setText(byId("device-memory"), device.deviceMemory ? `${device.deviceMemory >= 8 ? "8 GB or more" : `${device.deviceMemory} GB`}` : UNKNOWN);
  setText(byId("browser"), browser(device.userAgentData?.brands));
  setText(byId("model-name"), status?.model.name || "–");
  setText(byId("restarts"), status ? number(status.restarts) : "–");
  const { usage } = (await navigator.storage?.estimate?.().catch(() => undefined)) ?? {};
  setText(byId("stored-bytes"), usage === undefined ? UNKNOWN : bytes(usage));
}

/** watchMainThread shows the longest task of the page's own thread; browsers report those over 50 ms. */
export function watchMainThread(): void {
  let longest = 0;
  const show = (): void => setText(byId("longest-task"), longest > 0 ? milliseconds(longest) : "under 50 ms");
  if (!PerformanceObserver.supportedEntryTypes.includes("longtask")) {
    setText(byId("longest-task"), UNKNOWN);
    return;
  }
  show();
  new PerformanceObserver((list) => {
    longest = Math.max(longest, ...list.getEntries().map((entry) => entry.duration));
    show();
  }).observe({ type: "longtask", buffered: true });
}

function browser(brands: { brand: string; version: string }[] | undefined): string {
  const known = brands?.find(({ brand }) => !/not.?a.?brand/i.test(brand) && brand !== "Chromium") ?? brands?.find(({ brand }) => brand === "Chromium");
  if (known) return `${known.brand} ${known.version}`;
  const match = /(Firefox|Version)\/([\d.]+)/.exec(navigator.userAgent);
  return match ? `${match[1] === "Version" ? "Safari" : "Firefox"} ${match[2]}` : navigator.userAgent;
}
