import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadOnnxModel } from '../../../src/engine/runtime/onnxModel.node.js';
import { InputError } from '../../../src/errors.js';
import { externalModel, hugeModel, NESTED } from './externalModels.js';

let folder = '';
let inside = '';
const weights = Float32Array.of(1, 2, 3, 4);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agenet-external-'));
  inside = join(folder, 'model');
  await mkdir(join(inside, 'deep'), { recursive: true });
  for (const file of [join(folder, 'outside.bin'), join(inside, 'w.bin'), join(inside, 'deep', 'w.bin')])
    await writeFile(file, new Uint8Array(weights.buffer));
  await symlink(join(folder, 'outside.bin'), join(inside, 'link.bin'));
  await symlink(folder, join(inside, 'up'));
  await symlink('w.bin', join(inside, 'inner-link.bin'));
});
afterAll(() => rm(folder, { recursive: true }));

async function modelFile(bytes: Uint8Array): Promise<string> {
  const file = join(inside, 'model.onnx');
  await writeFile(file, bytes);
  return file;
}

/** The one line with which a file is refused. */
async function refusalOf(bytes: Uint8Array): Promise<string> {
  const file = await modelFile(bytes);
  const opened = async () => (await loadOnnxModel(file, 1)).run('x', new Float32Array(4), [4], ['y']);
  const error: unknown = await opened().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InputError);
  const { message } = error as InputError;
  expect(message).not.toContain('\n');
  expect(message).toContain('model.onnx: ');
  return message;
}

describe('external data of an ONNX file', () => {
  it.each(['w.bin', './w.bin', 'deep/w.bin', 'inner-link.bin'])(
    'is read from %s in its folder, whatever the working directory',
    async (location) => {
      const model = await loadOnnxModel(await modelFile(externalModel(location)), 1);
      const { y } = await model.run('x', new Float32Array(4), [4], ['y']);
      expect(y!.data).toEqual(weights);
      await model.release();
    },
  );

  it.each([
    ['../outside.bin', 'leaves'],
    ['deep/../../outside.bin', 'leaves'],
    ['deep\\..\\..\\outside.bin', 'leaves'],
    ['/etc/passwd', 'leaves'],
    ['C:\\outside.bin', 'leaves'],
    ['link.bin', 'link that leaves'],
    ['up/outside.bin', 'link that leaves'],
    ['absent.bin', 'not found'],
    ['deep', 'not a regular file'],
    ['', 'not the name of a file'],
    ['*/_ORT_MEM_ADDR_/*', 'address in memory'],
  ])('is rejected at %s', async (location, reason) => {
    const message = await refusalOf(externalModel(location));
    expect(message).toContain(reason);
    expect(message).toContain(JSON.stringify(location));
  });

  it.each(Object.entries(NESTED))('is rejected outside of the folder in %s as well', async (_, model) => {
    expect(await refusalOf(model('../outside.bin'))).toContain('leaves');
  });

  it('is rejected if it is a pipe, which would never end', async () => {
    const pipe = join(inside, 'pipe.bin');
    execFileSync('mkfifo', [pipe]);
    expect(await refusalOf(externalModel('pipe.bin'))).toContain('not a regular file');
  });
});

describe('an invalid ONNX file', () => {
  it('is rejected in one line if empty, random or truncated', async () => {
    const whole = externalModel('w.bin');
    const garbage = Uint8Array.from({ length: 5000 }, (_, index) => (index * 2654435761) % 251);
    const cuts = [1, 2, 0.25, 0.5, 0.75].map((part) =>
      whole.subarray(0, part < 1 ? Math.floor(part * whole.length) : whole.length - part),
    );
    for (const bytes of [new Uint8Array(0), garbage, new Uint8Array(3000).fill(10), ...cuts]) await refusalOf(bytes);
  });

  it('is rejected if it declares tensors beyond all memory', async () => {
    await refusalOf(hugeModel());
  });

  it('is rejected if it is a folder or a pipe', async () => {
    await expect(loadOnnxModel(inside, 1)).rejects.toThrow(/it is a folder/);
    const pipe = join(folder, 'model.pipe');
    execFileSync('mkfifo', [pipe]);
    await expect(loadOnnxModel(pipe, 1)).rejects.toThrow(/expected a regular file/);
  });
});
