import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { importOnnxFile } from '../../../src/engine/runtime/native.node.js';
import { expectInputError } from '../../rejection.js';
import { sharedTemporaryFolder } from '../../temporaryFolder.js';
import { externalModel } from '../runtime/externalModels.js';

const folder = sharedTemporaryFolder();
const inside = join(folder, 'model');
const weights = Float32Array.of(1, 2, 3, 4);

function writeModel(location: string) {
  const file = join(inside, 'model.onnx');
  writeFileSync(file, externalModel(location));
  return file;
}

beforeAll(() => {
  mkdirSync(inside);
  for (const path of [join(folder, 'outside.bin'), join(inside, 'w.bin')])
    writeFileSync(path, new Uint8Array(weights.buffer));
  symlinkSync(join(folder, 'outside.bin'), join(inside, 'link.bin'));
});

describe('an imported file', () => {
  it('has external data of its folder, and writes it into the trained file', async () => {
    const model = await importOnnxFile(writeModel('w.bin'));
    expect(model.parameters.w!.data).toEqual(weights);
    const written = join(folder, 'trained.onnx');
    writeFileSync(written, await model.encode({ w: Float32Array.of(5, 6, 7, 8) }));
    expect((await importOnnxFile(written)).parameters.w!.data).toEqual(Float32Array.of(5, 6, 7, 8));
  });

  it.each([
    ['../outside.bin', "leaves the model's folder"],
    [join(folder, 'outside.bin'), "leaves the model's folder"],
    ['link.bin', "is a link that leaves the model's folder"],
    ['missing.bin', 'was not found'],
  ])('is refused with data in %s', async (location, problem) => {
    const file = writeModel(location);
    await expectInputError(() => importOnnxFile(file), `${file}: its external data`, problem);
  });

  it('is named in messages', async () => {
    const file = join(folder, 'absent.onnx');
    await expectInputError(() => importOnnxFile(file), file, 'cannot be read');
    const text = join(folder, 'text.onnx');
    writeFileSync(text, 'text');
    await expectInputError(() => importOnnxFile(text), text, 'not an ONNX model');
  });
});
