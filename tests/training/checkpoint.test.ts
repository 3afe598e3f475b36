import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitDensity } from '../../src/density/fitDensity.js';
import { decodeSafetensors, encodeSafetensors, type TensorFile } from '../../src/engine/index.js';
import {
  decodeCheckpoint,
  decodeConfiguration,
  encodeCheckpoint,
  encodeConfiguration,
  encodeSealed,
} from '../../src/training/checkpoint.js';
import { randomStream } from '../../src/random.js';
import { withoutCodes } from '../density/codes.js';
import { expectInputError } from '../rejection.js';
import { digest, tinyCheckpoint, tinyConfiguration } from './tinyTraining.js';

const checkpoint = tinyCheckpoint();
const bytes = encodeCheckpoint(checkpoint, digest);
const headerLength = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));

/** The checkpoint's file with something of it changed, and a digest of what it then holds. */
function changed(change: (file: TensorFile) => TensorFile): Uint8Array {
  const { tensors, metadata } = change(decodeSafetensors(bytes, 'whole'));
  const { sha256: _digest, ...others } = metadata;
  return encodeSealed({ tensors, metadata: others }, digest);
}
const withMetadata = (metadata: Record<string, string>) =>
  changed((file) => ({ ...file, metadata: { ...file.metadata, ...metadata } }));

describe('a checkpoint', () => {
  it('is bit-exact after a round trip', async () => {
    expect(await decodeCheckpoint(bytes, 'file', digest)).toEqual(checkpoint);
  });

  it('is bit-exact for extreme values', async () => {
    const vectors = { ...checkpoint.vectors, 'generator.adam_v': checkpoint.vectors['generator.adam_v'].slice() };
    vectors['generator.adam_v'].set([-0, 1e-45, 3.4e38, Infinity]);
    const { vectors: found } = await decodeCheckpoint(
      encodeCheckpoint({ ...checkpoint, vectors }, digest),
      'file',
      digest,
    );
    expect(new Uint32Array(found['generator.adam_v'].buffer)).toEqual(
      new Uint32Array(vectors['generator.adam_v'].buffer),
    );
  });

  it('keeps the density of codes', async () => {
    const { latent } = checkpoint.configuration;
    const codes = { data: randomStream(1, 'codes').fillNormal(new Float32Array(20 * latent)), width: latent };
    const fitted = { ...checkpoint, density: fitDensity({ codes }) };
    const saved = encodeCheckpoint(fitted, digest);
    expect(await decodeCheckpoint(saved, 'file', digest)).toEqual(fitted);
    const { tensors, metadata } = decodeSafetensors(saved, 'file');
    expect(tensors['density/factors']!.shape).toEqual([1, latent, latent]);
    const { 'density/means': _means, ...others } = tensors;
    const { sha256: _digest, ...rest } = metadata;
    await expectInputError(
      () => decodeCheckpoint(encodeSealed({ tensors: others, metadata: rest }, digest), 'file', digest),
      'density/means',
      'it is missing',
    );
  });

  it('reads the density of an earlier build, which kept no codes', async () => {
    const { latent } = checkpoint.configuration;
    const codes = { data: randomStream(1, 'codes').fillNormal(new Float32Array(20 * latent)), width: latent };
    const density = fitDensity({ codes });
    const { tensors, metadata } = decodeSafetensors(encodeCheckpoint({ ...checkpoint, density }, digest), 'file');
    const { 'density/counts': _counts, 'density/codes': _codes, 'density/neighbors': _near, ...others } = tensors;
    others['density/logShares'] = { shape: [1], data: Float32Array.of(0) };
    const { sha256: _digest, ...rest } = metadata;
    const earlier = await decodeCheckpoint(encodeSealed({ tensors: others, metadata: rest }, digest), 'file', digest);
    expect(earlier.density).toEqual(withoutCodes(density));
  });

  it('has no density of an earlier build, which could not predict conditions', async () => {
    const conditional = tinyCheckpoint(tinyConfiguration({ condition: 'class', classes: ['a', 'b'] }));
    const { latent } = conditional.configuration;
    const rows = (width: number) => ({
      data: randomStream(1, 'codes').fillNormal(new Float32Array(20 * width)),
      width,
    });
    const unconditional = { codes: rows(latent), conditions: rows(2) };
    const density = fitDensity({ codes: rows(latent), summaries: rows(3), parts: [{ classes: 2 }], unconditional });
    const saved = encodeCheckpoint({ ...conditional, density }, digest);
    expect((await decodeCheckpoint(saved, 'file', digest)).density).toEqual(density);
    const { tensors, metadata } = decodeSafetensors(saved, 'file');
    const { 'density/predictor': _predictor, ...others } = tensors;
    const { sha256: _digest, ...rest } = metadata;
    const earlier = encodeSealed({ tensors: others, metadata: rest }, digest);
    expect((await decodeCheckpoint(earlier, 'file', digest)).density).toBeUndefined();
  });

  it('keeps EMA weights as further tensors', async () => {
    const averaged = tinyCheckpoint(tinyConfiguration({ ema: 0.9 }));
    const saved = encodeCheckpoint(averaged, digest);
    expect(await decodeCheckpoint(saved, 'file', digest)).toEqual(averaged);
    const { tensors } = decodeSafetensors(saved, 'file');
    expect(tensors['ema/encoder.conv2.weight']!.shape).toEqual([8, 4, 4, 4]);
    expect(tensors['ema/generator.norm4.running_var']!.shape).toEqual([8]);
  });

  it('keeps separate running statistics, including those of generated inputs', async () => {
    const apart = tinyCheckpoint(tinyConfiguration({ batchNormStats: 'separate', ema: 0.9 }));
    const saved = encodeCheckpoint(apart, digest);
    expect(await decodeCheckpoint(saved, 'file', digest)).toEqual(apart);
    const { tensors } = decodeSafetensors(saved, 'file');
    for (const prefix of ['', 'ema/'])
      expect(tensors[`${prefix}generator.norm4.generated.running_var`]!.shape).toEqual([8]);
    expect('generator.norm4.generated.running_var' in decodeSafetensors(bytes, 'whole').tensors).toBe(false);
  });

  it('keeps the scale of its learning rate, 1 in files without it', async () => {
    const halved = { ...checkpoint, rateScale: 0.125 };
    expect(await decodeCheckpoint(encodeCheckpoint(halved, digest), 'file', digest)).toEqual(halved);
    const old = changed(({ tensors, metadata }) => {
      const { rate_scale: _scale, ...others } = metadata;
      return { tensors, metadata: others };
    });
    expect(await decodeCheckpoint(old, 'file', digest)).toEqual(checkpoint);
  });

  it('supports other networks and iteration counts', async () => {
    const other = tinyCheckpoint(
      tinyConfiguration({ size: 64, network: 'dcgan64', channels: 3, width: 1, latent: 2, length: { epochs: 7 } }),
      123_456_789,
    );
    expect(await decodeCheckpoint(encodeCheckpoint(other, digest), 'file', digest)).toEqual(other);
  });

  it('contains each tensor under its name in its own layout, and its Adam moments', () => {
    const { tensors } = decodeSafetensors(bytes, 'file');
    expect(
      Object.fromEntries(
        ['encoder.conv2.weight', 'adam_m/encoder.conv2.weight', 'adam_v/encoder.conv2.weight'].map((name) => [
          name,
          tensors[name]?.shape,
        ]),
      ),
    ).toEqual({
      'encoder.conv2.weight': [8, 4, 4, 4],
      'adam_m/encoder.conv2.weight': [8, 4, 4, 4],
      'adam_v/encoder.conv2.weight': [8, 4, 4, 4],
    });
    expect(tensors['generator.norm4.running_var']!.shape).toEqual([8]);
    expect(tensors['adam_m/generator.norm4.running_var']).toBeUndefined();
  });
});

describe('a damaged checkpoint is rejected with an InputError', () => {
  it('if truncated at any position', () => {
    return fc.assert(
      fc.asyncProperty(fc.oneof(fc.nat(bytes.length - 1), fc.nat(headerLength + 10)), async (length) => {
        await expectInputError(() => decodeCheckpoint(bytes.subarray(0, length), 'cut', digest), 'cut:');
      }),
      { examples: [[0], [7], [8], [headerLength - 1], [headerLength], [bytes.length - 1]], numRuns: 200 },
    );
  });

  it('if any bytes of its header change', () => {
    const flips = fc.array(fc.tuple(fc.nat(headerLength - 1), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 3,
    });
    return fc.assert(
      fc.asyncProperty(flips, async (changes) => {
        const damaged = bytes.slice();
        for (const [place, mask] of changes) damaged[place]! ^= mask;
        // Changes of one byte may cancel each other.
        fc.pre(!Buffer.from(damaged).equals(bytes));
        await expectInputError(() => decodeCheckpoint(damaged, 'file', digest), 'file:');
      }),
      { numRuns: 500 },
    );
  });

  it.each(['0', '-1', '1.5', 'half', 'NaN'])('if the scale of its learning rate is %s', async (scale) => {
    await expectInputError(
      () => decodeCheckpoint(withMetadata({ rate_scale: scale }), 'file', digest),
      'file:',
      'expected a learning rate scale in (0, 1]',
    );
  });

  it('if it lacks the EMA weights that its configuration requires', async () => {
    const configuration = JSON.stringify(tinyConfiguration({ ema: 0.9 }));
    await expectInputError(
      () => decodeCheckpoint(withMetadata({ configuration }), 'file', digest),
      'file:',
      'ema/encoder.',
      'is missing',
    );
  });

  it.each([
    ['text', new TextEncoder().encode('not a checkpoint, but long enough to look into')],
    ['a PNG file', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13)],
    ['zeros', new Uint8Array(100)],
    ['a header without an end', Uint8Array.of(255, 0, 0, 0, 0, 0, 0, 0, 0x7b)],
  ])('if it is %s', async (_, foreign) => {
    await expectInputError(() => decodeCheckpoint(foreign, 'foreign', digest), 'foreign:');
  });

  it('if its digest is missing, for example because the entry name is damaged', async () => {
    const { tensors, metadata } = decodeSafetensors(bytes, 'whole');
    const { sha256, ...others } = metadata;
    await expectInputError(
      () => decodeCheckpoint(encodeSafetensors({ tensors, metadata: others }), 'file', digest),
      'file: corrupt checkpoint: it has no checksum',
    );
    const renamed = encodeSafetensors({ tensors, metadata: { sha257: sha256!, ...others } });
    await expectInputError(() => decodeCheckpoint(renamed, 'file', digest), 'file: corrupt checkpoint');
  });

  it('if it has a different version', async () => {
    const ofVersion = (version: number) =>
      decodeCheckpoint(withMetadata({ format: `agenet checkpoint ${version}` }), 'file', digest);
    for (const version of [1, 2]) {
      const message = `file: was written by an earlier version of agenet (format ${version}, this one reads 3); train it again`;
      await expectInputError(() => ofVersion(version), message);
    }
    await expectInputError(
      () => ofVersion(4),
      'file: was written by a later version of agenet (format 4, this one reads 3); update agenet',
    );
  });

  it('if it is another kind of safetensors file', async () => {
    const foreign = encodeSafetensors({ tensors: { weight: { shape: [1], data: Float32Array.of(1) } }, metadata: {} });
    await expectInputError(() => decodeCheckpoint(foreign, 'foreign', digest), 'foreign: not an agenet checkpoint');
    await expectInputError(
      () => decodeCheckpoint(withMetadata({ format: 'other 3' }), 'foreign', digest),
      'foreign: not an agenet checkpoint',
      'other 3',
    );
  });

  it.each([
    'encoder.conv1.weight',
    'generator.norm2.running_mean',
    'adam_m/encoder.conv4.bias',
    'adam_v/generator.conv5.bias',
  ])('if %s is missing', async (name) => {
    const without = changed(({ tensors, metadata }) => {
      const { [name]: _, ...others } = tensors;
      return { tensors: others, metadata };
    });
    await expectInputError(() => decodeCheckpoint(without, 'file', digest), 'file:', name, 'is missing');
  });

  it('if a tensor has a different shape', async () => {
    const turned = changed(({ tensors, metadata }) => {
      const { shape, data } = tensors['encoder.conv2.weight']!;
      return {
        tensors: { ...tensors, 'encoder.conv2.weight': { shape: [shape[1]!, shape[0]!, 4, 4], data } },
        metadata,
      };
    });
    await expectInputError(
      () => decodeCheckpoint(turned, 'file', digest),
      'file:',
      'expected encoder.conv2.weight of shape [8, 4, 4, 4] but got [4, 8, 4, 4]',
    );
  });

  it.each(['-1', '1.5', 'many', '1e400'])('if its iteration count is %s', async (step) => {
    await expectInputError(
      () => decodeCheckpoint(withMetadata({ step }), 'file', digest),
      'file:',
      'number of iterations',
    );
  });

  it.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['no object', '[]'],
    ['of a different width', JSON.stringify(tinyConfiguration({ width: 5 }))],
    ['of different networks', JSON.stringify(tinyConfiguration({ size: 64, network: 'dcgan64' }))],
    ['out of range', JSON.stringify({ ...tinyConfiguration(), latent: 0 })],
    ['with an unknown setting', JSON.stringify({ ...tinyConfiguration(), hight: 3 })],
    ['with an invalid plan', JSON.stringify({ ...tinyConfiguration(), encoderUpdates: '1;KL_real' })],
  ])('if its configuration is %s', async (_, configuration) => {
    await expectInputError(() => decodeCheckpoint(withMetadata({ configuration }), 'some/file', digest), 'some/file:');
  });
});

describe('the configuration file', () => {
  it('is read as written', async () => {
    const text = new TextDecoder().decode(encodeConfiguration(tinyConfiguration()));
    expect(JSON.parse(text)).toEqual({ version: 3, ...tinyConfiguration() });
    expect(await decodeConfiguration(text, 'config.json')).toEqual(tinyConfiguration());
  });

  it('is rejected if written by an earlier version, which recorded no version', async () => {
    const message =
      'runs/x/config.json: was written by an earlier version of agenet (format 2, this one reads 3); train it again';
    await expectInputError(
      () => decodeConfiguration(JSON.stringify(tinyConfiguration()), 'runs/x/config.json'),
      message,
    );
  });

  it('is rejected with the file and the setting', async () => {
    await expectInputError(
      () => decodeConfiguration(JSON.stringify({ version: 3, ...tinyConfiguration(), width: 0 }), 'config.json'),
      'config.json: width:',
      'not 0',
    );
    await expectInputError(() => decodeConfiguration('width: 3', 'config.json'), 'config.json:', 'not JSON');
  });
});
