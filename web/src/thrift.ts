import type { Held } from "./protocol.ts";

/** The part of the Network Information API that matters here; not every browser has it. */
interface NetworkInformation extends EventTarget {
  saveData?: boolean;
  type?: string;
  effectiveType?: string;
}

function information(): NetworkInformation | undefined {
  return (navigator as { connection?: NetworkInformation }).connection;
}

/** connectionHeld says why a model should not be loaded unasked; "" if nothing speaks against it. */
export function connectionHeld(): Held {
  const { saveData, type, effectiveType } = information() ?? {};
  if (saveData) return "save-data";
  if (type === "cellular") return "metered";
  return effectiveType === "slow-2g" || effectiveType === "2g" ? "slow" : "";
}

/** onConnectionChange calls listener when the answer may have changed, until the returned function is called. */
export function onConnectionChange(listener: (held: Held) => void): () => void {
  const changed = (): void => listener(connectionHeld());
  const watched = information();
  watched?.addEventListener?.("change", changed);
  return () => watched?.removeEventListener?.("change", changed);
}
