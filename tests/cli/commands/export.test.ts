import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { drawCodes } from '../../../src/age/prior.js';
import { encodeNetworks } from '../../../src/export/networkFiles.js';
import type { PageModel } from '../../../src/export/pageModel.js';
import { loadModel } from '../../../src/node.js';
import { randomStream } from '../../../src/random.js';
import { tinyConfiguration } from '../../training/tinyTraining.js';
import { sharedTemporaryFolder, temporaryFolder } from '../../temporaryFolder.js';
import { writeNoiseArchive } from '../labelledData.js';
import { expectBadInput, type Refusal, resultOf, runCommand } from '../runCommand.js';
import { makeTinyRun } from '../tinyRun.js';

const folder = sharedTemporaryFolder();
const LATENT = 8;
const settings = () =>
  ({ data: `npz:${join(folder, 'noise.npz')}`, batchNormStats: 'separate', ema: 0.9, testFraction: 0.2 }) as const;

beforeAll(async () => {
  writeNoiseArchive(join(folder, 'noise.npz'), 60);
  await makeTinyRun(join(folder, 'run'), tinyConfiguration(settings()));
  await makeTinyRun(
    join(folder, 'shared'),
    tinyConfiguration({ ...settings(), batchNormStats: 'shared', prior: 'normal' }),
  );
});

const FILES = [
  'README.md',
  'decoder.onnx',
  'encoder.onnx',
  'export.json',
  'generator.onnx',
  'reconstructions.png',
  'samples.png',
];
const cardIn = (out: string) => readFileSync(join(folder, out, 'README.md'), 'utf8');
/** The code of a language in a model card. */
const snippetIn = (card: string, language: string): string =>
  new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(card)![1]!;

describe('agenet export', () => {
  it('writes networks, pictures and a model card', async () => {
    const result = await resultOf(['export', 'run', '--out', 'digits'], folder);
    expect(result).toMatchObject({ out: 'digits', step: 3, weights: 'ema', precision: 'float32' });
    expect(readdirSync(join(folder, 'digits')).sort()).toEqual(FILES);
    const card = cardIn('digits');
    expect(card).toContain('# run\n');
    expect(card).toContain('| data | noise.npz, 48 training images and 12 test images |');
    expect(card).toContain('These weights were not evaluated.');
    expect(card).not.toContain(folder);
    expect(readFileSync(join(folder, 'digits', 'generator.onnx')).includes(folder)).toBe(false);
  });

  it('reports metrics of the same weights, and the raw weights if asked to', async () => {
    await resultOf(['evaluate', 'run', '--metrics', 'reconstruction_l1', '--count', '12', '--threads', '1'], folder);
    await resultOf(['export', 'run', '--out', 'evaluated'], folder);
    expect(cardIn('evaluated')).toMatch(/^\| `reconstruction_l1` \| [\d.]+ \|$/m);
    expect(await resultOf(['export', 'run', '--out', 'raw', '--no-ema'], folder)).toMatchObject({ weights: 'raw' });
    expect(cardIn('raw')).toContain('These weights were not evaluated.');
  });

  it('writes a page with the networks', async () => {
    await resultOf(['export', 'run', '--out', 'page', '--web'], folder);
    expect(readdirSync(join(folder, 'page')).sort()).toEqual(
      [...FILES, 'index.html', 'model.js', 'page.css', 'page.js', 'runtime.js'].sort(),
    );
    const { networks, ...model } = JSON.parse(
      /= (.*);/.exec(readFileSync(join(folder, 'page', 'model.js'), 'utf8'))![1]!,
    ) as PageModel;
    expect(model).toMatchObject({ name: 'run', latent: LATENT, prior: 'sphere', preprocessing: { crop: 'center' } });
    const fileOf = (text: string) => gunzipSync(Buffer.from(text, 'base64'));
    expect(fileOf(networks.encoder)).toEqual(readFileSync(join(folder, 'page', 'encoder.onnx')));
    // The decoder computes what the generator does as well.
    expect(fileOf(networks.generator)).toEqual(readFileSync(join(folder, 'page', 'decoder.onnx')));
    expect(JSON.stringify(model)).not.toContain(folder);
    expect(cardIn('page')).toContain('index.html');
  });

  it.each(['float16', 'int8'])(
    'states how outputs with %s differ, without training an extractor',
    async (precision) => {
      const args = ['export', 'run', '--out', precision, `--${precision}`, '--threads', '1'];
      const { stdout, stderr } = await runCommand(args, folder);
      expect(stderr).not.toContain('extractor');
      expect(stdout).toMatch(/^difference from float32: pixels .* of 0\.\.1; codes .*°, at most .*°$/m);
      const { cost } = await resultOf(args, folder);
      const { images, angles } = cost as Record<'images' | 'angles', { mean: number; max: number }>;
      expect(Object.keys(cost as object)).toEqual(['images', 'angles']);
      expect(images.mean).toBeGreaterThan(0);
      expect(images.max).toBeLessThan(precision === 'float16' ? 0.02 : 0.5);
      expect(angles.mean).toBeGreaterThan(0);
      expect(angles.max).toBeLessThan(precision === 'float16' ? 2 : 60);
      expect(cardIn(precision)).not.toContain(folder);
      const size = (out: string) => readFileSync(join(folder, out, 'generator.onnx')).length;
      await resultOf(['export', 'run', '--out', 'float32'], folder);
      expect(size(precision)).toBeLessThan(size('float32'));
    },
  );

  it('measures FID on request', async () => {
    const args = ['export', 'run', '--out', 'measured', '--int8', '--fid', '--count', '200', '--threads', '1'];
    const { fid } = (await resultOf(args, folder)).cost as { fid: { float32: number; stored: number } };
    expect(cardIn('measured')).toContain(
      `FID of 200 samples and 12 test images: ${fid.float32.toFixed(2)} with float32, ${fid.stored.toFixed(2)} with int8`,
    );
    expect(cardIn('measured')).not.toContain(folder);
  });

  it('does without data that are gone', async () => {
    const path = join(folder, 'orphan');
    await makeTinyRun(path, tinyConfiguration({ ...settings(), data: 'npz:gone.npz' }));
    const { status, stderr } = await runCommand(['export', 'orphan', '--out', 'lonely', '--int8'], folder);
    expect([status, stderr]).toEqual([0, expect.stringContaining('gone.npz') as string]);
    expect(readdirSync(join(folder, 'lonely'))).not.toContain('reconstructions.png');
    await expectBadInput(['export', 'orphan', '--out', 'x', '--int8', '--fid'], folder, 'gone.npz');
    await expectBadInput(['export', 'orphan', 'npz:missing.npz', '--out', 'lonely'], folder, 'missing.npz');
  });

  const refusals: readonly Refusal[] = [
    ['a missing run', ['export', 'no/run', '--out', 'x'], ['no/run']],
    ['a folder with other files', ['export', 'run', '--out', 'run'], ['run', 'agenet export did not write']],
    ['a file', ['export', 'run', '--out', 'noise.npz'], ['noise.npz', 'not a folder']],
    ['no folder', ['export', 'run'], ['--out']],
    ['FID of float32', ['export', 'run', '--out', 'x', '--fid'], ['--fid: has no effect', 'float16']],
    ['samples without FID', ['export', 'run', '--out', 'x', '--int8', '--count', '100'], ['--count', '--fid']],
    ['two precisions', ['export', 'run', '--out', 'x', '--int8', '--float16'], ['--float16', '--int8']],
  ];
  it.each(refusals)('rejects %s', async (_, args, texts) => {
    await expectBadInput(args, folder, ...texts);
  });
});

// A command that runs a Python script with onnxruntime and onnx, and the root of its file system.
const { AGENET_PYTHON: python, AGENET_PYTHON_ROOT: root = '/' } = process.env;

describe('the code in a model card', () => {
  it.each(['run', 'shared'])('runs in JavaScript (%s)', async (run) => {
    const out = join(temporaryFolder(), 'out');
    await resultOf(['export', run, '--out', out], folder);
    symlinkSync(new URL('../../../node_modules', import.meta.url), join(out, 'node_modules'));
    const printed = execFileSync(
      process.execPath,
      ['--input-type=module', '-e', snippetIn(readFileSync(join(out, 'README.md'), 'utf8'), 'js')],
      { cwd: out },
    );
    expect(printed.toString().replace(/\s+/g, ' ')).toContain('[ 16, 1, 32, 32 ] [ 16, 8 ] [ 16, 1, 32, 32 ]');
  });

  it.skipIf(python === undefined).each([
    ['run', 'float32'],
    ['shared', 'float32'],
    ['run', 'float16'],
    ['run', 'int8'],
  ] as const)('runs in Python, with the results of the model (%s, %s)', async (run, precision) => {
    const out = mkdtempSync(join(root, 'tmp/agenet-export-'));
    onTestFinished(() => rmSync(out, { recursive: true }));
    await resultOf(['export', run, '--out', out, ...(precision === 'float32' ? [] : [`--${precision}`])], folder);
    const model = await loadModel(join(folder, run), { threads: 1 });
    const { model: stored } = await encodeNetworks(model.trained, precision);
    const draws = drawCodes('sphere', 7, LATENT, randomStream(1, 'codes'));
    const pixels = Uint8Array.from({ length: 3 * 1024 }, (_, index) => index % 256);
    const expected = {
      draws,
      images: await stored.generate({ z: draws }),
      codes: await stored.encode({ x: pixels }),
      decoded: await stored.decode({ z: draws, distance: 0.25 }),
    };
    for (const [name, array] of Object.entries({ ...expected, pixels: Float32Array.from(pixels) }))
      writeFileSync(join(out, name), array);
    await model.release();
    const script = `import os, onnx
os.chdir(${JSON.stringify(join('/', out.slice(root.length)))})
${snippetIn(readFileSync(join(out, 'README.md'), 'utf8'), 'python')}
read = lambda name, *shape: np.fromfile(name, np.float32).reshape(-1, *shape)
close = lambda actual, expected: np.abs(actual - expected).max() < 1e-5
generator, encoder = (ort.InferenceSession(name) for name in ("generator.onnx", "encoder.onnx"))
for name in ("generator.onnx", "encoder.onnx"): onnx.checker.check_model(onnx.load(name), full_check=True)
assert close(generator.run(None, {"codes": read("draws", ${LATENT})})[0], (read("images", 1, 32, 32) + 1) / 2)
assert close(encoder.run(None, {"images": read("pixels", 1, 32, 32) / 255})[0], read("codes", ${LATENT}))
if os.path.exists("decoder.onnx"):
    decoder = ort.InferenceSession("decoder.onnx")
    onnx.checker.check_model(onnx.load("decoder.onnx"), full_check=True)
    feeds = {"codes": read("draws", ${LATENT}), "distance": np.array([0.25], np.float32)}
    assert close(decoder.run(None, feeds)[0], (read("decoded", 1, 32, 32) + 1) / 2)
print("as expected")
`;
    writeFileSync(join(folder, 'script.py'), script);
    const printed = execFileSync('sh', ['-c', `${python} "$@"`, 'sh', join(folder, 'script.py')], {
      stdio: ['ignore', 'pipe', 'ignore'],
    }).toString();
    expect(printed).toContain('(16, 1, 32, 32) (16, 8) (16, 1, 32, 32)');
    expect(printed).toContain('as expected');
  });
});

describe.skipIf(python === undefined)('training.onnx', () => {
  it('continues training in Python with the losses of train', async () => {
    const shared = mkdtempSync(join(root, 'tmp/agenet-training-'));
    onTestFinished(() => rmSync(shared, { recursive: true }));
    const inside = join('/', shared.slice(root.length));
    const settings =
      '--width 4 --latent 8 --batch 4 --augment none --steps 60 --checkpoint-every 40 --log-every 1 --sample-every 0 --threads 1 --no-lowering';
    await resultOf(['train', 'npz:noise.npz', ...settings.split(' '), '--out', join(shared, 'run')], folder);
    await resultOf(
      ['export', join(shared, 'run/checkpoints/000040.safetensors'), '--out', join(shared, 'out'), '--training'],
      folder,
    );
    await resultOf(['dataset', 'npz:noise.npz', '--split', 'train', '--out', join(shared, 'train.npz')], folder);
    const example = fileURLToPath(new URL('../../../examples/continue_training.py', import.meta.url));
    const args = [example, join(inside, 'out'), join(inside, 'train.npz'), '20'];
    const printed = execFileSync('sh', ['-c', `${python} "$@"`, 'sh', ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    }).toString();
    const linesOf = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, number>);
    const expected = linesOf(readFileSync(join(shared, 'run/log.jsonl'), 'utf8')).filter(({ step }) => step! > 40);
    const actual = linesOf(printed);
    expect(actual.map(({ step }) => step)).toEqual(expected.map(({ step }) => step));
    for (const [index, report] of actual.entries()) {
      for (const name of ['encoder.loss', 'generator.loss'])
        expect(report[name]! / expected[index]![name]!).toBeCloseTo(1, 4);
    }
  });
});
