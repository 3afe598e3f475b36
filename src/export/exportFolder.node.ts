/** The folder of an export. */
import { createHash } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { makeFolder, writeFileAtomically, wrapReadErrors, wrapWriteErrors } from '../files/atomic.node.js';
import { readTextFile } from '../files/regularFile.node.js';

/** The file that marks a folder as an export: the format, and the SHA-256 of each file. */
const MANIFEST = 'export.json';
const FORMAT = 'agenet export 1';

/**
 * Requires that an export can be written into a folder: one that is absent or empty, or has an earlier export.
 * @throws {InputError} if it is a file, or has other files
 */
export async function requireExportFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory()) throw new InputError(`${path}: exists and is not a folder; choose a different name`);
  const names = await wrapReadErrors(path, () => readdir(path));
  if (names.length > 0 && (await readManifest(path)) === undefined)
    throw new InputError(`${path}: the folder has files that agenet export did not write; choose a different name`);
}

/**
 * Writes an export. Files of an earlier one are replaced, or removed if this one has no such file; other files stay.
 * @param files by name
 * @returns their paths
 * @throws {InputError} as `requireExportFolder`, or if a file cannot be written
 */
export async function writeExport(path: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<string[]> {
  await requireExportFolder(path);
  const earlier = Object.keys((await readManifest(path)) ?? {});
  const contents = Object.entries(files).map(([name, content]) => [name, typeof content === 'string' ? new TextEncoder().encode(content) : content] as const);
  const digests = Object.fromEntries(contents.map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]));
  await wrapWriteErrors(path, () => makeFolder(path));
  // First, so that the folder of an export that was interrupted can be written again.
  await writeFileAtomically(join(path, MANIFEST), new TextEncoder().encode(`${JSON.stringify({ format: FORMAT, files: digests }, null, 2)}\n`));
  for (const [name, bytes] of contents) await writeFileAtomically(join(path, name), bytes);
  for (const name of earlier) if (!(name in files) && isPlainName(name)) await rm(join(path, name), { force: true });
  return [...Object.keys(files), MANIFEST].map((name) => join(path, name));
}

/** The names and digests of an earlier export, or undefined if the folder has none. */
async function readManifest(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const { format, files } = JSON.parse(await readTextFile(join(path, MANIFEST))) as { readonly format?: unknown; readonly files?: unknown };
    return format === FORMAT && typeof files === 'object' && files !== null ? { ...files } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a name that a file states is that of a file in the same folder. */
const isPlainName = (name: string): boolean => /^[a-z\d][\w.-]*$/i.test(name);
