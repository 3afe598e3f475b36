import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSource } from '../../src/data/open.node.js';
import { recordData, requireSameData } from '../../src/runs/dataRecord.node.js';
import { RunFolder } from '../../src/runs/runFolder.node.js';
import { encodePng } from '../../src/images/files.node.js';
import { errorOf, expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { createRun, tinyConfiguration } from '../training/tinyTraining.js';

const IMAGES = 6;
const format = { size: 8, channels: 1 } as const;
const open = (folder: string) => openSource(folder, format, { testFraction: 0.2 });
const nameOf = (index: number): string => `image${index}.png`;

/** A folder of images, and a run that was trained on it. */
async function trainedRun(): Promise<{ data: string; run: RunFolder }> {
  const root = temporaryFolder();
  const data = join(root, 'data');
  for (let index = 0; index < IMAGES; index++) await writeImage(data, nameOf(index), 10 * index);
  const run = await createRun(join(root, 'run'), tinyConfiguration());
  await recordData(run, await open(data));
  return { data, run };
}

async function writeImage(folder: string, name: string, gray: number): Promise<void> {
  const image = { width: 8, height: 8, channels: 1, data: new Uint8Array(64).fill(gray) };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), await encodePng(image));
}

const CHANGES: Record<string, (data: string, index: number) => void | Promise<void>> = {
  content: (data, index) => writeImage(data, nameOf(index), 200 + index),
  name: (data, index) => renameSync(join(data, nameOf(index)), join(data, `renamed${index}.png`)),
  removal: (data, index) => rmSync(join(data, nameOf(index))),
  addition: (data, index) => writeImage(data, `added${index}.png`, 99),
};
/** Changes after which the images are the same. */
const HARMLESS: Record<string, (data: string, index: number) => void> = {
  time: (data, index) => utimesSync(join(data, nameOf(index)), 1, 1),
  rewrite: (data, index) => writeFileSync(join(data, nameOf(index)), readFileSync(join(data, nameOf(index)))),
};

describe('a resumed run', () => {
  it('accepts images that have moved, and rejects images that were changed, added, removed or renamed', async () => {
    const { data, run } = await trainedRun();
    const change = fc.record({
      kind: fc.constantFrom(...Object.keys(CHANGES), ...Object.keys(HARMLESS)),
      index: fc.nat(IMAGES - 1),
    });
    let number = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 2 }), async (changes) => {
        const moved = `${data}-${number++}`;
        cpSync(data, moved, { recursive: true });
        // A second change could undo the first, or find its file gone.
        const [first] = changes;
        for (const { kind, index } of changes.slice(0, 1)) await (CHANGES[kind] ?? HARMLESS[kind])!(moved, index);
        const isRejected = (await errorOf(async () => requireSameData(run, await open(moved)))) !== undefined;
        expect(isRejected, first?.kind).toBe(first !== undefined && first.kind in CHANGES);
        rmSync(moved, { recursive: true });
      }),
      { numRuns: Number(process.env.AGENET_DATA_CASES ?? 20) },
    );
  });

  it('names the number of images, and what to do', async () => {
    const { data, run } = await trainedRun();
    await CHANGES.addition!(data, 0);
    await expectInputError(
      async () => requireSameData(run, await open(data)),
      `has 7 images instead of the 6 that the run in ${run.path} was trained on; restore the data, or start a new run with initFrom ${run.path}`,
    );
  });

  it('of an earlier version has no record, and begins one', async () => {
    const { data, run } = await trainedRun();
    for (const text of ['', 'null', '{"format":"agenet data 0"}']) {
      writeFileSync(join(run.path, 'data.json'), text);
      await requireSameData(run, await open(data));
    }
    await recordData(run, await open(data));
    expect(JSON.parse(readFileSync(join(run.path, 'data.json'), 'utf8'))).toMatchObject({ count: IMAGES });
  });
});
