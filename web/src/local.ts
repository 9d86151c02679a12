import { Client, folder, runtimes, threadsOf } from "./client.ts";
import { Connection } from "./connection.ts";
import type { AddOptions, LocalDocument, LocalIndex, LocalIndexOptions, Stored } from "./types.ts";

/** How much text, in UTF-16 units, goes to the worker in one message: copying it takes the page a millisecond. */
const BATCH = 1 << 17;

/**
 * createIndex opens the local index of this name, which is made if there is none.
 * Its documents exist only in the page: they are kept in the browser's storage,
 * and nothing of them is sent anywhere. Tabs that open the same name share it.
 *
 *     const notes = await createIndex("notes", { model: "/effir/model/" });
 *     await notes.add([{ id: "1", text: "Call the plumber about the leak." }]);
 *     for await (const { hits } of notes.search("water damage")) show(hits);
 */
export async function createIndex(name: string, options: LocalIndexOptions = {}): Promise<LocalIndex> {
  if (!/^[^\u0000-\u001f/\\]{1,100}$/.test(name)) throw new Error(`${JSON.stringify(name)} cannot be the name of an index: give 1 to 100 characters without slashes`);
  const { runtime, kernels = "auto", meaning = "auto", threads, signal, onProgress } = options;
  const list = runtimes(runtime);
  const model = folder(options.model ?? new URL("model/", list[0]));
  const connection = await Connection.connect(list, { source: { local: name }, model, kernels, meaning, threads: threadsOf(threads) }, onProgress, signal);
  return new LocalClient(name, connection);
}

class LocalClient extends Client implements LocalIndex {
  constructor(readonly name: string, connection: Connection) {
    super(connection);
  }

  get storage(): Stored {
    return this.connection.storage;
  }

  get size(): number {
    return this.connection.size;
  }

  async add(documents: LocalDocument[], { signal, onProgress }: AddOptions = {}): Promise<void> {
    const progress = { stored: 0, total: documents.length, embedded: 0, passages: 0 };
    for (const batch of batches(documents)) {
      await this.connection.ask("add", { documents: batch }, signal);
      progress.stored += batch.length;
      onProgress?.({ ...progress });
    }
    await this.connection.ask("embedAdded", null, signal, (item) => onProgress?.({ ...progress, ...item }));
  }

  async remove(ids: string[]): Promise<void> {
    await this.connection.ask("remove", { ids });
  }

  documents(): Promise<{ id: string; title: string }[]> {
    return this.connection.ask("documents", null);
  }

  async clear(): Promise<void> {
    await this.connection.ask("clear", null);
  }
}

/** batches divides documents into runs of about BATCH characters. */
function* batches(documents: LocalDocument[]): Generator<LocalDocument[]> {
  let batch: LocalDocument[] = [];
  let size = 0;
  for (const { id, title, text, url, meta } of documents) {
    // Nothing but the fields that are meant: others may not be clonable.
    batch.push({ id, text, ...(title !== undefined && { title }), ...(url !== undefined && { url }), ...(meta && { meta }) });
    size += String(text).length; // the worker says what is wrong with it
    if (size < BATCH && batch.length < 1000) continue;
    yield batch;
    batch = [];
    size = 0;
  }
  if (batch.length > 0) yield batch;
}
