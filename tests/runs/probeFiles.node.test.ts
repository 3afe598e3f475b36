import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeSafetensors } from '../../src/engine/index.js';
import { decodeProbe, encodeProbe, type ProbeOrigin, type SavedProbe } from '../../src/classifiers/probeFile.js';
import type { FittedProbe } from '../../src/classifiers/fittedProbe.js';
import { ProbeFiles, weightsDigest } from '../../src/runs/probeFiles.node.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { tinyModel } from '../metrics/tinyClassifier.js';

const origin: ProbeOrigin = {
  ...{ data: 'bars', labels: 6, seed: 3, testAccuracy: 0.75, testImages: 30, classNames: ['left', 'right'] },
  ...{ step: 10, raw: false, weights: 'abc' },
};
const linear: FittedProbe = { method: 'features', classes: 2, parameters: Float32Array.of(1, 2, 3, -4, 5, 6) };
const PROBES: readonly FittedProbe[] = [
  linear,
  { method: 'knn', classes: 2, codes: Float32Array.of(1, 2, 3, 4, 5, 6), labels: Uint32Array.of(0, 1, 1) },
  {
    ...{ method: 'finetune', classes: 2 },
    weights: { parameters: Float32Array.of(1, 2, 3), statistics: Float32Array.of(4), head: Float32Array.of(1, 2, 3, 4) },
  },
];
const saved = (name: string, probe: FittedProbe = linear): SavedProbe => ({ name, probe, origin });

describe('probes in a run folder', () => {
  it.each(PROBES)('by $method are read as they were written, with where they come from', async (probe) => {
    const files = new ProbeFiles(temporaryFolder());
    expect(await files.write(saved('digits', probe))).toMatch(/probes.digits\.safetensors$/);
    expect(await files.read('digits')).toEqual(saved('digits', probe));
  });

  it('need no name where there is only one', async () => {
    const files = new ProbeFiles(temporaryFolder());
    await expectInputError(() => files.choose(undefined), 'no probe', 'agenet probe', '--save');
    await files.write(saved('digits'));
    expect(await files.choose(undefined)).toEqual(saved('digits'));
    await files.write(saved('letters'));
    await expectInputError(() => files.choose(undefined), 'several probes', '--probe', 'digits, letters');
    expect((await files.choose('letters')).name).toBe('letters');
    await expectInputError(() => files.choose('digist'), 'no probe "digist"', 'did you mean digits?', 'digits, letters');
  });

  it('that are damaged, or none, are refused with the name of the file', async () => {
    const run = temporaryFolder();
    mkdirSync(join(run, 'probes'));
    const write = (name: string, bytes: Uint8Array) => writeFileSync(join(run, 'probes', `${name}.safetensors`), bytes);
    write('cut', encodeProbe(saved('cut')).subarray(0, -4));
    write('foreign', encodeSafetensors({ tensors: {}, metadata: {} }));
    const files = new ProbeFiles(run);
    await expectInputError(() => files.read('cut'), 'cut.safetensors', 'cut short');
    await expectInputError(() => files.read('foreign'), 'foreign.safetensors', 'not a probe', '--save');

    const wrong: readonly FittedProbe[] = [
      { ...linear, parameters: Float32Array.of(NaN, 2, 3, -4, 5, 6) },
      { method: 'knn', classes: 2, codes: Float32Array.of(1, Infinity), labels: [0, 1] },
    ];
    for (const probe of wrong) await expectInputError(() => decodeProbe(encodeProbe(saved('x', probe)), 'x'), 'x: a damaged probe');
    const metadata = { format: 'agenet probe 1', name: 'x', method: 'knn', origin: JSON.stringify(origin) };
    const vector = (length: number) => ({ shape: [length], data: new Float32Array(length) });
    for (const changed of [
      metadata,
      { ...metadata, method: 'finetune' },
      { ...metadata, method: 'codes' },
      { ...metadata, origin: '{' },
      { ...metadata, origin: 'null' },
    ]) {
      const bytes = encodeSafetensors({ tensors: { parameters: vector(6), labels: vector(3) }, metadata: changed });
      await expectInputError(() => decodeProbe(bytes, 'x'), 'x: a damaged probe', 'agenet probe --save');
    }
  });

  it('know the weights that they belong to', async () => {
    const { weights, model } = tinyModel();
    await model.release();
    const digest = weightsDigest(weights);
    expect(digest).toMatch(/^[\da-f]{64}$/);
    expect(weightsDigest({ ...weights })).toBe(digest);
    const changed = weights['encoder.statistics'].slice();
    changed[3]! += 0.5;
    expect(weightsDigest({ ...weights, 'encoder.statistics': changed })).not.toBe(digest);
  });
});
