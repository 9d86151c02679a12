import { GuestError } from "./errors.ts";
import type { Order, Outfit, Word } from "./helper.ts";
import type { Reply } from "./protocol.ts";
import { pause } from "./turns.ts";
import type { Kind } from "./types.ts";

type Hello = Extract<Reply, { type: "hello" }>;

/** What became of a text. */
export type Outcome = Float32Array<ArrayBuffer> | GuestError;

/** Everything that a helper starts with. */
export interface Supplies {
  outfit: Outfit;
  /** Size of the weights image, and a view of a part of it, good until the next call. */
  bytes: number;
  view(offset: number, size: number): Uint8Array<ArrayBuffer>;
}

/** Texts to embed. */
export interface Work {
  texts: string[];
  kind: Kind;
  /** How many texts will follow in other calls soon: helpers pay sooner. */
  later: number;
  /** own embeds a text in this worker. */
  own(text: string): Promise<Outcome>;
  /** Called once for each text, in any order. */
  done(text: number, outcome: Outcome): void;
}

/**
 * Milliseconds of work left for one worker from which on helpers are started.
 * Starting one takes what starting a guest takes on a known page (guest, model,
 * vocabulary), partly of the leader's time. Measured with helpers from the first
 * text on, MiniLM on two processors: as fast as one worker with 0.36 s of work,
 * 1.2 times with 0.54, 1.45 with 1.0; each worker holds the model once more.
 */
export const PAYS = 450;

const COLD = 3; // texts that tell nothing of the others: engines compile hot code meanwhile
const IDLE = 10_000; // milliseconds without work after which helpers are let go
const PIECE = 1 << 20; // bytes of the weights image in a message
const AHEAD = 2; // texts that a helper has at a time: it need not wait for the next one
const MOST = 4; // workers, unless asked for more

/**
 * Team embeds many texts with several workers. It begins with one, its leader,
 * and starts helpers when the work left is worth it; they are let go when there
 * has been none for a while. The leader never waits for a helper: once no text
 * is left over, it embeds those that helpers have not answered yet, so that one
 * which died costs time and nothing else.
 */
export class Team {
  private readonly helpers = new Set<Helper>();
  private run: Run | undefined;
  private recruiting = false;
  private useless = false; // helpers cannot be had
  private idle: ReturnType<typeof setTimeout> | undefined;

  /**
   * size is how many workers may embed, the leader included. supply returns what
   * helpers start with. changed is called when their number or memory changes.
   * spawn starts a worker that waits for its outfit: by itself, one of this
   * worker's own script.
   */
  constructor(
    private readonly size: number,
    private readonly supply: () => Promise<Supplies>,
    private readonly changed: () => void,
    private readonly spawn = (): Worker => new Worker(location.href, { type: "module", name: "effir helper" }),
    private readonly pays = PAYS,
  ) {}

  /** workers counts those that embed, the leader included. */
  get workers(): number {
    return 1 + this.helpers.size;
  }

  /** memory is what the helpers have taken, as far as they have told. */
  get memory(): number {
    let sum = 0;
    for (const { memory } of this.helpers) sum += memory;
    return sum;
  }

  /**
   * embed works until all texts are done, the signal is aborted or own throws.
   * Helpers work for one call at a time: another one meanwhile has none.
   */
  async embed(work: Work, signal: AbortSignal): Promise<void> {
    const run = new Run(work);
    const led = this.run === undefined;
    if (led) this.run = run;
    clearTimeout(this.idle);
    let spent = 0;
    let made = -COLD;
    try {
      if (led) for (const helper of this.helpers) this.feed(helper);
      while (run.open.size > 0) {
        await pause(); // for answers of helpers, and for other calls
        signal.throwIfAborted();
        const text = (run.take() ?? run.unanswered())!; // one of the two has each open text
        const began = performance.now();
        run.settle(text, await work.own(work.texts[text]!));
        if (++made > 0) spent += performance.now() - began;
        if (led && made > 0 && (spent / made) * (run.open.size + work.later) > this.pays) this.recruit();
      }
    } finally {
      if (led) {
        this.run = undefined;
        if (this.helpers.size > 0 || this.recruiting) this.idle = setTimeout(() => this.end(), IDLE);
      }
    }
  }

  /** end lets all helpers go. */
  end(): void {
    clearTimeout(this.idle);
    for (const helper of this.helpers) helper.worker.terminate();
    this.helpers.clear();
    this.changed();
  }

  /** recruit starts the helpers that are missing, without anybody waiting for them. */
  private recruit(): void {
    if (this.recruiting || this.useless || this.workers >= this.size) return;
    this.recruiting = true;
    this.supply()
      .then((supplies) => {
        while (this.run && !this.useless && this.workers < this.size) this.start(supplies);
      })
      .catch(() => {
        this.useless = true; // one worker does the work
        this.end();
      })
      .finally(() => (this.recruiting = false));
  }

  private start({ outfit, bytes, view }: Supplies): void {
    const worker = this.spawn();
    const helper: Helper = { worker, answered: false, given: [], memory: 0 };
    const post = (order: Order, transfer: Transferable[] = []): void => worker.postMessage(order, transfer);
    this.helpers.add(helper);
    worker.onmessage = ({ data }: MessageEvent<Word | Hello>) => this.hear(helper, data);
    worker.onerror = (event) => {
      event.preventDefault?.();
      this.lose(helper);
    };
    worker.onmessageerror = () => this.lose(helper);
    post({ type: "help", outfit });
    for (let offset = 0; offset < bytes; offset += PIECE) {
      const piece = view(offset, Math.min(PIECE, bytes - offset)).slice();
      post({ type: "weights", offset, bytes: piece }, [piece.buffer]);
    }
    this.feed(helper);
    this.changed();
  }

  private hear(helper: Helper, word: Word | Hello): void {
    if (word.type === "hello" || !this.helpers.has(helper)) return;
    if (word.type === "broken") return this.lose(helper);
    helper.answered = true;
    if (word.type === "vector" && word.memory !== helper.memory) {
      helper.memory = word.memory;
      this.changed();
    }
    const given = helper.given.shift();
    if (given?.id !== word.id) return this.lose(helper);
    given.run.settle(given.text, word.type === "vector" ? word.vector : new GuestError(word.problem));
    this.feed(helper);
  }

  /** feed gives a helper what it can take of the work. */
  private feed(helper: Helper): void {
    const { run } = this;
    while (run && helper.given.length < AHEAD) {
      const text = run.take();
      if (text === undefined) return;
      const id = ++lastId;
      helper.given.push({ id, run, text });
      run.given.push(text);
      helper.worker.postMessage({ type: "text", id, text: run.work.texts[text]!, kind: run.work.kind } satisfies Order);
    }
  }

  /** lose goes on without a helper. If it never answered, no other one is tried. */
  private lose(helper: Helper): void {
    if (!this.helpers.delete(helper)) return;
    helper.worker.terminate();
    if (!helper.answered) this.useless = true;
    this.changed();
  }
}

/** A worker that helps, and the texts that it has, in their order. */
interface Helper {
  worker: Worker;
  answered: boolean;
  given: { id: number; run: Run; text: number }[];
  memory: number;
}

let lastId = 0;

/** Run is one call's texts. */
class Run {
  /** Texts that are not done. */
  readonly open: Set<number>;
  /** Texts that helpers got. */
  readonly given: number[] = [];
  private next = 0;

  constructor(readonly work: Work) {
    this.open = new Set(work.texts.keys());
  }

  /** take returns a text that nobody has yet. */
  take(): number | undefined {
    return this.next < this.work.texts.length ? this.next++ : undefined;
  }

  /** unanswered returns the open text that a helper got last, which it will come to last. */
  unanswered(): number | undefined {
    for (;;) {
      const text = this.given.pop();
      if (text === undefined || this.open.has(text)) return text;
    }
  }

  settle(text: number, outcome: Outcome): void {
    if (this.open.delete(text)) this.work.done(text, outcome);
  }
}

/** Navigator as workers have it; deviceMemory is not in every browser. */
interface Device {
  hardwareConcurrency?: number;
  deviceMemory?: number;
}

/**
 * teamSize returns how many workers may embed: as many as asked for; else as the
 * device has processors, at most four, and at most one for each 2 GiB of memory,
 * as each holds the model.
 */
export function teamSize(asked: number | undefined, device: Device = navigator as Device): number {
  if (asked !== undefined) return asked;
  const { hardwareConcurrency = 1, deviceMemory = Infinity } = device;
  return Math.max(1, Math.min(MOST, hardwareConcurrency, Math.floor(deviceMemory / 2)));
}
