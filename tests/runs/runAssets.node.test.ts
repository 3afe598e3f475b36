import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FittedProbe } from '../../src/classifiers/fittedProbe.js';
import { decodeProbe, encodeProbe, type ProbeOrigin, type SavedProbe } from '../../src/classifiers/fittedProbe.js';
import { encodeSafetensors } from '../../src/engine/index.js';
import { type Attribute, attributeNameOf, decodeAttribute, encodeAttribute } from '../../src/model/attribute.js';
import { ATTRIBUTES, PROBES, requireAssetName, RunAssets, weightsDigest } from '../../src/runs/runAssets.node.js';
import { tinyModel } from '../metrics/tinyClassifier.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { describe, expect, it } from 'vitest';

const attribute = (name: string, ...direction: number[]): Attribute => ({
  name,
  direction: Float32Array.from(direction),
  origin: {
    data: 'mnist',
    split: 'train',
    with: '3',
    without: 'rest',
    count_with: 5,
    count_without: 7,
    step: 10,
    ema: true,
  },
});

describe('attributes in a run folder', () => {
  it('are read as written, with their origin', async () => {
    const files = new RunAssets(temporaryFolder(), ATTRIBUTES);
    const file = await files.write(attribute('smile', 1, -2, 3));
    expect(file).toMatch(/attributes.smile\.safetensors$/);
    expect(await files.read('smile')).toEqual(attribute('smile', 1, -2, 3));
  });

  it('are replaced by later ones of the same name, and listed in order', async () => {
    const run = temporaryFolder();
    const files = new RunAssets(run, ATTRIBUTES);
    expect(await files.names()).toEqual([]);
    await files.write(attribute('b', 1, 2));
    await files.write(attribute('a', 1, 2));
    await files.write(attribute('b', 3, 4));
    expect(await files.names()).toEqual(['a', 'b']);
    expect((await files.read('b')).direction).toEqual(Float32Array.of(3, 4));
    expect(readdirSync(join(run, 'attributes'))).toHaveLength(2);
  });

  it('that do not exist are rejected with a list of those that do', async () => {
    const files = new RunAssets(temporaryFolder(), ATTRIBUTES);
    await expectInputError(() => files.read('smile'), 'no attribute "smile"', 'agenet attribute');
    await files.write(attribute('smile', 1));
    await expectInputError(() => files.read('smiel'), 'did you mean smile?', 'choose from smile');
  });

  it('that are damaged or invalid are rejected with the file name', async () => {
    const run = temporaryFolder();
    mkdirSync(join(run, 'attributes'));
    const tensors = { direction: { shape: [2], data: Float32Array.of(1, 2) } };
    writeFileSync(
      join(run, 'attributes', 'cut.safetensors'),
      encodeAttribute(attribute('cut', 1, 2, 3)).subarray(0, -4),
    );
    writeFileSync(join(run, 'attributes', 'foreign.safetensors'), encodeSafetensors({ tensors, metadata: {} }));
    writeFileSync(
      join(run, 'attributes', 'torn.safetensors'),
      encodeSafetensors({ tensors, metadata: { format: 'agenet attribute 2', name: 'torn', origin: '{' } }),
    );
    const files = new RunAssets(run, ATTRIBUTES);
    await expectInputError(() => files.read('cut'), 'cut.safetensors', 'cut short');
    await expectInputError(() => files.read('foreign'), 'foreign.safetensors', 'not an attribute');
    writeFileSync(
      join(run, 'attributes', 'old.safetensors'),
      encodeSafetensors({ tensors, metadata: { format: 'agenet attribute 1', name: 'old', origin: '{}' } }),
    );
    await expectInputError(() => files.read('old'), 'old.safetensors', 'this version', 'agenet attribute');
    await expectInputError(() => files.read('torn'), 'torn.safetensors', 'corrupt metadata');
    await expectInputError(
      () => decodeAttribute(encodeAttribute(attribute('endless', Infinity)), 'endless'),
      'endless',
      'NaN or infinite',
    );
  });

  it.each(['', '../up', '.hidden', 'a/b', 'a b', '-x'])('are never named "%s"', async (name) => {
    await expectInputError(() => requireAssetName(name, ATTRIBUTES), `attribute name "${name}"`);
    await expectInputError(
      () => new RunAssets(temporaryFolder(), ATTRIBUTES).write(attribute(name, 1)),
      `attribute name "${name}"`,
    );
    requireAssetName(attributeNameOf(name), ATTRIBUTES);
  });

  it('get names from any text', () => {
    expect(attributeNameOf('smiling face-not-5')).toBe('smiling-face-not-5');
    expect(attributeNameOf('Lächeln')).toBe('Lächeln');
  });
});

const origin: ProbeOrigin = {
  ...{ data: 'bars', labels: 6, seed: 3, test_accuracy: 0.75, test_images: 30, class_names: ['left', 'right'] },
  ...{ step: 10, ema: true, weights: 'abc' },
};
const linear: FittedProbe = { method: 'features', classes: 2, parameters: Float32Array.of(1, 2, 3, -4, 5, 6) };
const FITTED: readonly FittedProbe[] = [
  linear,
  { method: 'knn', classes: 2, codes: Float32Array.of(1, 2, 3, 4, 5, 6), labels: Uint32Array.of(0, 1, 1) },
  {
    ...{ method: 'finetune', classes: 2 },
    weights: {
      parameters: Float32Array.of(1, 2, 3),
      statistics: Float32Array.of(4),
      head: Float32Array.of(1, 2, 3, 4),
    },
  },
];
const saved = (name: string, probe: FittedProbe = linear): SavedProbe => ({ name, probe, origin });

describe('probes in a run folder', () => {
  it.each(FITTED)('by $method are read as written, with their origin', async (probe) => {
    const files = new RunAssets(temporaryFolder(), PROBES);
    expect(await files.write(saved('digits', probe))).toMatch(/probes.digits\.safetensors$/);
    expect(await files.read('digits')).toEqual(saved('digits', probe));
  });

  it('need no name if there is only one', async () => {
    const files = new RunAssets(temporaryFolder(), PROBES);
    await expectInputError(() => files.read(undefined), 'no probe', 'agenet probe', '--save');
    await files.write(saved('digits'));
    expect(await files.read(undefined)).toEqual(saved('digits'));
    await files.write(saved('letters'));
    await expectInputError(() => files.read(undefined), 'several probes', 'set probe', 'digits, letters');
    expect((await files.read('letters')).name).toBe('letters');
    await expectInputError(() => files.read('digist'), 'no probe "digist"', 'did you mean digits?', 'digits, letters');
  });

  it('that are damaged or invalid are rejected with the file name', async () => {
    const run = temporaryFolder();
    mkdirSync(join(run, 'probes'));
    const write = (name: string, bytes: Uint8Array) => writeFileSync(join(run, 'probes', `${name}.safetensors`), bytes);
    write('cut', encodeProbe(saved('cut')).subarray(0, -4));
    write('foreign', encodeSafetensors({ tensors: {}, metadata: {} }));
    const files = new RunAssets(run, PROBES);
    await expectInputError(() => files.read('cut'), 'cut.safetensors', 'cut short');
    write(
      'old',
      encodeSafetensors({
        tensors: {},
        metadata: { format: 'agenet probe 1', name: 'old', method: 'knn', origin: '{}' },
      }),
    );
    await expectInputError(() => files.read('old'), 'old.safetensors', 'this version', '--save');
    await expectInputError(() => files.read('foreign'), 'foreign.safetensors', 'not a probe', '--save');

    const wrong: readonly FittedProbe[] = [
      { ...linear, parameters: Float32Array.of(NaN, 2, 3, -4, 5, 6) },
      { method: 'knn', classes: 2, codes: Float32Array.of(1, Infinity), labels: [0, 1] },
    ];
    for (const probe of wrong)
      await expectInputError(() => decodeProbe(encodeProbe(saved('x', probe)), 'x'), 'x: corrupt probe');
    const metadata = { format: 'agenet probe 2', name: 'x', method: 'knn', origin: JSON.stringify(origin) };
    const vector = (length: number) => ({ shape: [length], data: new Float32Array(length) });
    for (const changed of [
      metadata,
      { ...metadata, method: 'finetune' },
      { ...metadata, method: 'codes' },
      { ...metadata, origin: '{' },
      { ...metadata, origin: 'null' },
    ]) {
      const bytes = encodeSafetensors({ tensors: { parameters: vector(6), labels: vector(3) }, metadata: changed });
      await expectInputError(() => decodeProbe(bytes, 'x'), 'x: corrupt probe', 'agenet probe --save');
    }
  });

  it('record the weights that they belong to', async () => {
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
