/**
 * A worker that speaks the real one's protocol and answers from scenario.json,
 * so that tests of the page decide what comes when.
 */
import type { Reply, Request } from "../src/protocol.ts";
import type { Results, Status } from "../src/types.ts";

interface Step {
  /** Milliseconds after the step before. */
  after?: number;
  results?: Results;
  failed?: string;
}

interface Scenario {
  status: Status;
  /** The status after a refresh. */
  refreshed?: Status;
  answers: Record<string, Step[]>;
}

const scope = globalThis as unknown as { postMessage(reply: Reply): void; onmessage: (event: MessageEvent<Request>) => void };
const scenario = fetch("scenario.json").then((response) => response.json() as Promise<Scenario>);
const cancelled: number[] = [];

scope.onmessage = async ({ data }) => {
  const { status, refreshed, answers } = await scenario;
  switch (data.type) {
    case "open":
      return scope.postMessage({ type: "status", status });
    case "cancel":
      return void cancelled.push(data.id);
    case "refresh":
      if (refreshed) scope.postMessage({ type: "status", status: refreshed });
      return scope.postMessage({ type: "done", id: data.id });
    case "search":
      for (const { after = 0, results, failed } of answers[data.query] ?? []) {
        await new Promise((resolve) => setTimeout(resolve, after));
        if (failed !== undefined) return scope.postMessage({ type: "failed", id: data.id, message: failed });
        if (results) scope.postMessage({ type: "results", id: data.id, results });
      }
      return scope.postMessage({ type: "done", id: data.id });
  }
};
