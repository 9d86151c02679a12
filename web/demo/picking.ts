/** A file that somebody dropped or chose, with its path inside the folder. */
export interface Picked {
  path: string;
  file: File;
}

/** fromInput lists what a file input holds. */
export function fromInput(input: HTMLInputElement): Picked[] {
  return [...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/**
 * fromDrop lists what was dropped, folders with all that is in them. It must be
 * called while the event is handled: the list of items is empty afterwards.
 */
export async function fromDrop(transfer: DataTransfer, signal: AbortSignal): Promise<Picked[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const found: Picked[] = [];
  for (const entry of entries) await walk(entry, found, signal);
  return found;
}

async function walk(entry: FileSystemEntry, found: Picked[], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (entry.name.startsWith(".")) return; // .git and its like
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    found.push({ path: entry.fullPath.replace(/^\//, ""), file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // Browsers return a folder in parts and an empty one at its end.
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return;
    for (const child of part) await walk(child, found, signal);
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}
