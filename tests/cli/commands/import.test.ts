import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { loadModel } from '../../../src/node.js';
import { tinyConfiguration } from '../../training/tinyTraining.js';
import { expectCloseElements } from '../../engine/expectations.js';
import { sharedTemporaryFolder } from '../../temporaryFolder.js';
import { writeNoiseArchive } from '../labelledData.js';
import { expectBadInput, type Refusal, resultOf } from '../runCommand.js';
import { makeTinyRun } from '../tinyRun.js';

const folder = sharedTemporaryFolder();

beforeAll(async () => {
  writeNoiseArchive(join(folder, 'noise.npz'), 60);
  await makeTinyRun(join(folder, 'run'), tinyConfiguration({ data: `npz:${join(folder, 'noise.npz')}` }));
  writeFileSync(join(folder, 'conditional.json'), '{"condition": "mask"}');
  await resultOf(['export', 'run', '--out', 'exported', '--pytorch'], folder);
});

const samplesOf = async (run: string): Promise<Uint8Array> => {
  const model = await loadModel(join(folder, run), { threads: 1 });
  return (await model.sample({ count: 4 })).data;
};

describe('agenet import', () => {
  it('makes a run of what export wrote for PyTorch, which has the same samples and can be trained', async () => {
    const args = [
      'import',
      'exported/pytorch.safetensors',
      'npz:noise.npz',
      '--network',
      'dcgan32',
      '--batch',
      '4',
      '--steps',
      '5',
      '--out',
      'imported',
    ];
    expect(await resultOf(args, folder)).toMatchObject({
      run: 'imported',
      network: 'dcgan32',
      width: 4,
      latent: 8,
      channels: 1,
      size: 32,
    });
    const journal = JSON.parse(readFileSync(join(folder, 'imported', 'journal.jsonl'), 'utf8')) as unknown;
    expect(journal).toMatchObject({ type: 'imported', step: 0, file: 'exported/pytorch.safetensors' });
    expect(await samplesOf('imported')).toEqual(await samplesOf('run'));
    expect(await resultOf(['train', '--resume', 'imported', '--steps', '2', '--threads', '1'], folder)).toMatchObject({
      steps: 2,
      interrupted: false,
    });
  });

  it('keeps separate running statistics', async () => {
    await makeTinyRun(
      join(folder, 'separate'),
      tinyConfiguration({ data: `npz:${join(folder, 'noise.npz')}`, batchNormStats: 'separate' }),
    );
    await resultOf(['export', 'separate', '--out', 'two', '--pytorch'], folder);
    await resultOf(
      ['import', 'two/pytorch.safetensors', 'npz:noise.npz', '--network', 'dcgan32', '--batch', '4', '--out', 'again'],
      folder,
    );
    expect(await samplesOf('again')).toEqual(await samplesOf('separate'));
    const weightsOf = async (run: string) => (await loadModel(join(folder, run), { threads: 1 })).trained.weights;
    expect(await weightsOf('again')).toEqual(await weightsOf('separate'));
  });

  it('rejects tensors that overlap', async () => {
    const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
    const header = Buffer.from(JSON.stringify({ a: entry, b: { ...entry, data_offsets: [4, 12] } }).padEnd(200));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(join(folder, 'overlap.safetensors'), Buffer.concat([length, header, Buffer.alloc(12)]));
    await expectBadInput(
      ['import', 'overlap.safetensors', 'npz:noise.npz', '--network', 'dcgan32', '--out', 'x'],
      folder,
      'overlap',
    );
  });

  it('rejects a truncated file', async () => {
    const path = join(folder, 'cut.safetensors');
    writeFileSync(path, readFileSync(join(folder, 'exported/pytorch.safetensors')));
    truncateSync(path, 20_000);
    await expectBadInput(
      ['import', 'cut.safetensors', 'npz:noise.npz', '--network', 'dcgan32', '--out', 'x'],
      folder,
      'cut.safetensors',
      'cut short',
    );
  });

  const file = 'exported/pytorch.safetensors';
  const refusals: readonly Refusal[] = [
    [
      'a missing file',
      ['import', 'no.safetensors', 'npz:noise.npz', '--network', 'dcgan32', '--out', 'x'],
      ['no.safetensors', 'no such file'],
    ],
    [
      'another format',
      ['import', 'noise.npz', 'npz:noise.npz', '--network', 'dcgan32', '--out', 'x'],
      ['noise.npz', 'not a usable safetensors file'],
    ],
    [
      'other networks',
      ['import', file, 'npz:noise.npz', '--network', 'dcgan64', '--out', 'x'],
      ['not dcgan64', 'encoder.main.8.weight'],
    ],
    [
      'unknown networks',
      ['import', file, 'npz:noise.npz', '--network', 'unet', '--out', 'x'],
      ['--network', 'dcgan32'],
    ],
    [
      'a checkpoint',
      ['import', 'run/checkpoints/000003.safetensors', 'npz:noise.npz', '--network', 'dcgan32', '--out', 'x'],
      ['encoder.main.0.weight'],
    ],
    [
      'a condition, which its networks do not have',
      [...['import', file, 'npz:noise.npz', '--network', 'dcgan32', '--out', 'x'], '--config', 'conditional.json'],
      ['condition', 'imported networks have no condition'],
    ],
    ['missing data', ['import', file, 'npz:no.npz', '--network', 'dcgan32', '--out', 'x'], ['no.npz']],
    [
      'a folder that is not empty',
      ['import', file, 'npz:noise.npz', '--network', 'dcgan32', '--out', 'run'],
      ['run', 'not empty'],
    ],
  ];
  it.each(refusals)('rejects %s', async (_, args, texts) => {
    await expectBadInput(args, folder, ...texts);
  });
});

// A command that runs a Python script with PyTorch, and the root of its file system.
const { AGENET_PYTHON: python, AGENET_PYTHON_ROOT: root = '/' } = process.env;

describe.skipIf(python === undefined)('weights in PyTorch', () => {
  function inPython(...args: string[]): void {
    const script = fileURLToPath(new URL('state_dict.py', import.meta.url));
    execFileSync('sh', ['-c', `${python} "$@"`, 'sh', script, ...args], { stdio: ['ignore', 'ignore', 'ignore'] });
  }

  async function expectSameNetworks(run: string, shared: string): Promise<void> {
    const array = (name: string) => {
      const { buffer, byteOffset, length } = readFileSync(join(shared, name));
      return new Float32Array(buffer.slice(byteOffset, byteOffset + length));
    };
    const model = await loadModel(run, { threads: 1 });
    expectCloseElements(
      Array.from(await model.trained.generate({ z: array('draws') })),
      Array.from(array('generated')),
      1e-5,
      1,
    );
    // The networks of an export take images in 0..1 that are not whole bytes.
    await resultOf(['export', run, '--out', join(shared, 'again')], folder);
    const { InferenceSession, Tensor } = await import('onnxruntime-node');
    const session = await InferenceSession.create(join(shared, 'again', 'encoder.onnx'));
    const images = array('images').map((value) => (value + 1) / 2);
    const { codes } = await session.run({ images: new Tensor('float32', images, [4, ...model.imageShape]) });
    expectCloseElements(Array.from(codes!.data as Float32Array), Array.from(array('codes')), 1e-5, 1);
    await model.release();
  }

  it.each(['dcgan32', 'dcgan64'])('of %s give the same networks in both directions', async (network) => {
    const shared = mkdtempSync(join(root, 'tmp/agenet-import-'));
    onTestFinished(() => rmSync(shared, { recursive: true }));
    const inside = join('/', shared.slice(root.length));
    inPython('make', network, inside);
    await resultOf(
      [
        'import',
        join(shared, 'weights.safetensors'),
        'npz:noise.npz',
        '--network',
        network,
        '--batch',
        '4',
        '--out',
        join(shared, 'run'),
      ],
      folder,
    );
    await expectSameNetworks(join(shared, 'run'), shared);
    // Trained a little, so that these are other weights.
    await resultOf(['train', '--resume', join(shared, 'run'), '--steps', '3', '--threads', '1'], folder);
    await resultOf(['export', join(shared, 'run'), '--out', join(shared, 'exported'), '--pytorch'], folder);
    writeFileSync(join(shared, 'pytorch.safetensors'), readFileSync(join(shared, 'exported', 'pytorch.safetensors')));
    rmSync(join(shared, 'again'), { recursive: true });
    inPython('read', network, inside);
    await expectSameNetworks(join(shared, 'run'), shared);
  });
});
