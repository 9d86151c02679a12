/** A file that somebody dropped or chose, with its path inside the folder; or why it cannot be read. */
export type Picked = { path: string; file: File } | { path: string; error: Error };

// In folders, .git and its like are left out; what is chosen by itself is meant.

/** fromInput lists what a file input holds. */
export function fromInput(input: HTMLInputElement): Picked[] {
  const all = [...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
  return all.filter(({ path }) => !path.includes("/."));
}

/**
 * fromDrop takes what was dropped; what it returns lists it, folders with all that
 * is in them. It must be called while the event is handled: the list of items is
 * empty afterwards.
 */
export function fromDrop(transfer: DataTransfer): (signal: AbortSignal) => Promise<Picked[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  return async (signal) => {
    const found: Picked[] = [];
    for (const entry of entries) await walk(entry, found, signal);
    return found;
  };
}

async function walk(entry: FileSystemEntry, found: Picked[], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const path = entry.fullPath.replace(/^\//, "");
  try {
    if (isFile(entry)) {
      found.push({ path, file: await new Promise<File>((resolve, reject) => entry.file(resolve, reject)) });
      return;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      // Browsers return a folder in parts and an empty one at its end.
      const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (part.length === 0) return;
      for (const child of part) if (!child.name.startsWith(".")) await walk(child, found, signal);
    }
  } catch (thrown) {
    signal.throwIfAborted();
    found.push({ path, error: thrown as Error });
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}
