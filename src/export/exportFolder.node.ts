import { createHash } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { isPartial, makeFolder, wrapReadErrors, wrapWriteErrors, writeFileAtomically } from '../files/atomic.node.js';
import { readRegularFile, readTextFile } from '../files/regularFile.node.js';

const MANIFEST = 'export.json';
const FORMAT = 'agenet export 1';

/** @throws {InputError} unless a folder is absent or empty, or has an earlier export whose files are unchanged */
export const requireExportFolder = async (path: string) => void (await readExport(path));

/**
 * Replaces the files of an earlier export, or removes them; other files stay.
 * @returns the paths of the files
 * @throws {InputError} as `requireExportFolder`, or if a file is in the way or cannot be written
 */
export async function writeExport(path: string, files: Record<string, Uint8Array | string>) {
  const { names, digests } = await readExport(path);
  const foreign = Object.keys(files).find((name) => names.includes(name) && !digests.has(name));
  if (foreign !== undefined)
    throw new InputError(join(path, foreign), 'was not written by agenet export', 'choose a different folder');
  const encoder = new TextEncoder();
  const contents = Object.entries(files).map(
    ([name, content]) => [name, typeof content === 'string' ? encoder.encode(content) : content] as const,
  );
  const manifest = { files: Object.fromEntries(contents.map(([name, bytes]) => [name, sha256(bytes)])) };
  await wrapWriteErrors(path, () => makeFolder(path));
  // Written first, so that an interrupted export can be repeated.
  await writeManifest(path, { ...manifest, replaces: Object.fromEntries(digests) });
  for (const [name, bytes] of contents) await writeFileAtomically(join(path, name), bytes);
  for (const name of digests.keys())
    if (!(name in files) && names.includes(name)) await wrapWriteErrors(join(path, name), () => rm(join(path, name)));
  await writeManifest(path, manifest);
  return [...Object.keys(files), MANIFEST].map((name) => join(path, name));
}

/** Returns the names in a folder, and the digests that files of an earlier export may have. */
async function readExport(path: string) {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === false)
    throw new InputError(path, 'exists and is not a folder', 'choose a different name');
  const all = found ? await wrapReadErrors(path, () => readdir(path)) : [];
  const names = all.filter((name) => !isPartial(name));
  if (names.length === 0) return { names, digests: new Map<string, string[]>() };
  const manifest = await readManifest(path);
  if (manifest === undefined)
    throw new InputError(path, 'the folder has files that agenet export did not write', 'choose a different name');
  const digests = new Map(Object.entries(manifest.replaces ?? {}));
  for (const [name, digest] of Object.entries(manifest.files))
    digests.set(name, [digest, ...(digests.get(name) ?? [])]);
  for (const name of names) {
    const expected = digests.get(name);
    if (expected === undefined) continue;
    const digest = await digestOf(join(path, name));
    if (digest === undefined || !expected.includes(digest))
      throw new InputError(join(path, name), 'was changed since its export', 'choose a different folder');
  }
  return { names, digests };
}

const digestOf = (file: string) => readRegularFile(file).then(sha256, () => undefined);

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const writeManifest = (path: string, manifest: Omit<Manifest, 'format'>) =>
  writeFileAtomically(
    join(path, MANIFEST),
    new TextEncoder().encode(`${JSON.stringify({ format: FORMAT, ...manifest }, null, 2)}\n`),
  );

type Manifest = NonNullable<Awaited<ReturnType<typeof readManifest>>>;

async function readManifest(path: string) {
  const { z } = await import('zod');
  const schema = z.object({
    format: z.literal(FORMAT),
    /** SHA-256. */
    files: z.record(z.string(), z.string()),
    /** During an export, digests of earlier files that may still be there. */
    replaces: z.record(z.string(), z.array(z.string())).optional(),
  });
  try {
    return schema.parse(JSON.parse(await readTextFile(join(path, MANIFEST))));
  } catch {
    return undefined;
  }
}
