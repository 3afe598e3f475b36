import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Previews } from '../../src/runs/previews.node.js';
import { compileSmall } from '../engine/running.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { createRun, noiseSource, tinyCheckpoint, tinyConfiguration } from '../training/tinyTraining.js';

describe('the pictures of a run', () => {
  it('show the same codes and images every time, with the weights of the iteration', async () => {
    const configuration = tinyConfiguration();
    const folder = await createRun(join(temporaryFolder(), 'run'), configuration);
    const { vectors } = tinyCheckpoint(configuration);
    const previews = new Previews(configuration, noiseSource().test, vectors, compileSmall);
    onTestFinished(() => previews.release());

    const first = await previews.write(folder, 1, vectors);
    const same = await previews.write(folder, 2, vectors);
    const other = await previews.write(folder, 3, { ...vectors, 'generator.parameters': vectors['generator.parameters'].map((value) => 2 * value) });
    expect(first).toEqual({ samples: join(folder.path, 'samples', '000001.png'), reconstructions: join(folder.path, 'reconstructions', '000001.png') });
    for (const kind of ['samples', 'reconstructions'] as const) {
      expect(readFileSync(same[kind])).toEqual(readFileSync(first[kind]));
      expect(readFileSync(other[kind])).not.toEqual(readFileSync(first[kind]));
    }
  });

  it('have the first test images, each beside its reconstruction', async () => {
    const configuration = tinyConfiguration();
    const folder = await createRun(join(temporaryFolder(), 'run'), configuration);
    const { test } = noiseSource();
    const previews = new Previews(configuration, test, tinyCheckpoint(configuration).vectors, compileSmall);
    onTestFinished(() => previews.release());
    const { reconstructions } = await previews.write(folder, 1, tinyCheckpoint(configuration).vectors);
    const tile = await sharp(reconstructions)
      .extract({ left: 2 + 2 * 34, top: 2, width: 32, height: 32 })
      .toColourspace('b-w')
      .raw()
      .toBuffer();
    const second = new Uint8Array(1024);
    test.copyImage(1, second, 0);
    expect(Uint8Array.from(tile)).toEqual(second);
  });
});
