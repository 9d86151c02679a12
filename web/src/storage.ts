import { forgetDownloads } from "./content.ts";

/** A folder of small files in the browser's storage, for the pages of one origin. */
export interface Folder {
  readonly kind: "opfs" | "indexeddb" | "memory";
  /** list returns the names of all files, in no order. */
  list(): Promise<string[]>;
  /** read returns undefined for a file that is not there (any more). */
  read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** write replaces a file. A crash in the middle may leave a part of it. */
  write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  remove(name: string): Promise<void>;
}

/**
 * openFolder opens a folder, made if need be: in the origin-private file system,
 * else in IndexedDB, else, where a private window refuses both, in memory.
 */
export async function openFolder(name: string): Promise<Folder> {
  for (const open of [openOpfs, openDatabase]) {
    try {
      return await makingRoom(() => open(name));
    } catch (thrown) {
      if (isFull(thrown)) throw new Error(`the browser has no room for the index ${JSON.stringify(name)}; free storage`);
    }
  }
  return inMemory();
}

/** makingRoom runs a write, and once more without the downloads of this library if there was no room. */
export async function makingRoom<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (thrown) {
    if (!isFull(thrown) || !(await forgetDownloads())) throw thrown;
    return write();
  }
}

/** isFull says that a write failed for want of room. */
export function isFull(thrown: unknown): boolean {
  return thrown instanceof DOMException && (thrown.name === "QuotaExceededError" || thrown.name === "NS_ERROR_DOM_QUOTA_REACHED");
}

const ROOT = "effir";

/** What of the file system only workers have, and TypeScript's library for pages lacks. */
interface WorkerFileHandle extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<{
    truncate(size: number): void;
    write(bytes: Uint8Array, options: { at: number }): number;
    flush(): void;
    close(): void;
  }>;
}
interface WorkerDirectoryHandle extends FileSystemDirectoryHandle {
  keys(): AsyncIterableIterator<string>;
}

async function openOpfs(name: string): Promise<Folder> {
  const root = await (await navigator.storage.getDirectory()).getDirectoryHandle(ROOT, { create: true });
  const folder = (await root.getDirectoryHandle(`index ${encodeURIComponent(name)}`, { create: true })) as WorkerDirectoryHandle;
  const probe = (await folder.getFileHandle("probe", { create: true })) as WorkerFileHandle;
  if (!probe.createSyncAccessHandle) throw new Error("no way to write");
  return {
    kind: "opfs",
    async list() {
      const names: string[] = [];
      for await (const name of folder.keys()) if (name !== "probe") names.push(name);
      return names;
    },
    async read(name) {
      try {
        return new Uint8Array(await (await (await folder.getFileHandle(name)).getFile()).arrayBuffer());
      } catch (thrown) {
        if (isGone(thrown)) return undefined;
        throw thrown;
      }
    },
    async write(name, bytes) {
      const file = (await folder.getFileHandle(name, { create: true })) as WorkerFileHandle;
      const handle = await file.createSyncAccessHandle();
      try {
        handle.truncate(0);
        const written = handle.write(bytes, { at: 0 });
        if (written !== bytes.length) throw new DOMException("the disk is full", "QuotaExceededError");
        handle.flush();
      } finally {
        handle.close();
      }
    },
    async remove(name) {
      await folder.removeEntry(name).catch((thrown: unknown) => {
        if (!isGone(thrown)) throw thrown;
      });
    },
  };
}

function isGone(thrown: unknown): boolean {
  return thrown instanceof DOMException && (thrown.name === "NotFoundError" || thrown.name === "NotReadableError");
}

const FILES = "files";

async function openDatabase(name: string): Promise<Folder> {
  const opening = indexedDB.open(`${ROOT} index ${name}`, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(FILES);
  const database = await done(opening);
  const store = (mode: IDBTransactionMode): IDBObjectStore => database.transaction(FILES, mode).objectStore(FILES);
  /** A write counts once its transaction is complete. */
  const change = (run: (files: IDBObjectStore) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      const files = store("readwrite");
      const { transaction } = files;
      transaction.oncomplete = () => resolve();
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
      run(files);
    });
  return {
    kind: "indexeddb",
    list: async () => (await done(store("readonly").getAllKeys())) as string[],
    read: (name) => done(store("readonly").get(name)) as Promise<Uint8Array<ArrayBuffer> | undefined>,
    write: (name, bytes) => change((files) => files.put(bytes, name)),
    remove: (name) => change((files) => files.delete(name)),
  };
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function inMemory(): Folder {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    kind: "memory",
    list: async () => [...files.keys()],
    read: async (name) => files.get(name),
    write: async (name, bytes) => void files.set(name, bytes),
    remove: async (name) => void files.delete(name),
  };
}
