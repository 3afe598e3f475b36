/** Files with the folders that contain them: dropped folders, and folders that a visitor chooses. */

export interface FolderFile {
  file: File;
  /** The name of the innermost folder, or ''. */
  folder: string;
}

/** The files of a file input, also of one for folders. */
export const chosenFiles = (files: FileList | null): FolderFile[] =>
  Array.from(files ?? [], (file) => ({ file, folder: file.webkitRelativePath.split('/').at(-2) ?? '' }));

/**
 * The dropped files, also of dropped folders and their subfolders, up to a limit.
 * Call it in the event's own handler: browsers forget what was dropped afterwards.
 */
export async function droppedFiles(transfer: DataTransfer, limit: number): Promise<FolderFile[]> {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return Array.from(transfer.files, (file) => ({ file, folder: '' }));
  const found: FolderFile[] = [];
  for (const entry of entries) await collect(entry, '', limit, found);
  return found;
}

async function collect(entry: FileSystemEntry, folder: string, limit: number, found: FolderFile[]): Promise<void> {
  if (found.length >= limit) return;
  if (isFile(entry)) {
    found.push({ file: await new Promise<File>((resolve, reject) => entry.file(resolve, reject)), folder });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader returns a part of a large folder at a time.
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return;
    for (const child of part) await collect(child, entry.name, limit, found);
  }
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
