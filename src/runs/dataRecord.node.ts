import type { DataDigest, ImageSource } from '../data/source.js';
import { InputError, setting, text } from '../errors.js';
import type { Subscriber } from '../training/events.js';
import { parseJson } from '../validation.js';
import type { OwnFolder } from './ownFolder.node.js';
import type { RunFolder } from './runFolder.node.js';

const NAME = 'data.json';
const FORMAT = 'agenet data 1';
const MAX_BYTES = 4096;

/** The images may have moved, but not changed. */
export async function requireSameData(run: RunFolder, { name, digest }: ImageSource) {
  const recorded = digest && (await readDataRecord(run.files));
  if (recorded === undefined) return;
  const { count, sha256 } = await digest!();
  if (sha256 === recorded.sha256 && count === recorded.count) return;
  const change =
    count === recorded.count ? 'images that differ from those' : `${count} images instead of the ${recorded.count}`;
  throw new InputError(
    name,
    `has ${change} that the run in ${run.path} was trained on`,
    text`restore the data, or start a new run with ${setting('initFrom')} ${run.path}`,
  );
}

/** Records the images after the first iteration, which need not wait for the digest of 100,000 images. */
export function recordingData(run: RunFolder, source: ImageSource): Subscriber {
  let isDue = true;
  return async ({ type }) => {
    if (type !== 'iteration' || !isDue) return;
    isDue = false;
    await recordData(run, source);
  };
}

/** Keeps an earlier record. */
export async function recordData(run: RunFolder, { digest }: ImageSource) {
  if (digest === undefined || (await readDataRecord(run.files)) !== undefined) return;
  await run.files.write(NAME, `${JSON.stringify({ format: FORMAT, ...(await digest()) })}\n`);
}

export const readDataRecord = async (files: OwnFolder) => parseRecord(await files.readText(NAME, MAX_BYTES));

/** Undefined for a damaged file, or one of an earlier version. */
function parseRecord(content = '') {
  const record = parseJson(content) as Partial<DataDigest & { format: string }> | null | undefined;
  const { format, count, sha256 } = record ?? {};
  return format === FORMAT && typeof count === 'number' && typeof sha256 === 'string' ? { count, sha256 } : undefined;
}
