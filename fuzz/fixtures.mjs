/**
 * The valid files that cases start from: small data sets of every kind, images, settings, and runs that were trained on
 * them.
 */
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import sharp from 'sharp';
import { makeFifo } from './files.mjs';
import { cifar, idx, npy, pixels, svhn } from './formats.mjs';
import { imageModel } from './onnxModel.mjs';

const GOLDEN = fileURLToPath(new URL('../tests/golden/dcgan32-gray.safetensors', import.meta.url));
const ZIP_TIME = new Date('2000-01-01T00:00:00Z');

/**
 * Writes all fixtures into the current folder.
 * @param {(args: string[]) => Promise<void>} agenet runs a command line in this process and throws if it fails
 */
export async function writeFixtures(agenet) {
  writeArrays();
  writePublished();
  await writeImages();
  writeSpecialFiles();
  await trainRuns(agenet);
}

function write(path, contents) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}

const npz = (arrays) =>
  zipSync(
    Object.fromEntries(
      Object.entries(arrays).map(([name, bytes]) => [`${name}.npy`, [bytes, { mtime: ZIP_TIME, level: 6 }]]),
    ),
  );
const stacked = (count, length) => Buffer.concat(Array.from({ length: count }, (_, index) => pixels(length, index)));
const classes = (count) => Buffer.from(Array.from({ length: count }, (_, index) => index % 3));

function writeArrays() {
  write('data.npz', npz({ images: npy([30, 32, 32, 1], stacked(30, 1024)), labels: npy([30], classes(30)) }));
  write('plain.npz', npz({ images: npy([12, 32, 32], stacked(12, 1024)) }));
  write('rgb.npz', npz({ images: npy([12, 20, 24, 3], stacked(12, 1440)), labels: npy([12], classes(12)) }));
  write(
    'config.yaml',
    'width: 2\nlatent: 4\nbatch: 4\nlearningRate: 0.001\nprior: sphere # the default\nevaluateSamples: 10\nstages:\n  - epoch: 1\n    encoderUpdates: "1;match_x:10"\n',
  );
  write(
    'config.json',
    `${JSON.stringify({ width: 2, latent: 4, batch: 4, steps: 2, ema: 0.5, matchX: 'L2', stages: [{ epoch: 2, generatorUpdates: '1;match_z:1' }] })}\n`,
  );
  write(
    'labels.csv',
    `kind,age\n${Array.from({ length: 30 }, (_, row) => `${['cat', 'dog', ''][row % 3]},${row / 4}\n`).join('')}`,
  );
  write('features.onnx', imageModel());
  copyFileSync(GOLDEN, 'golden.safetensors');
}

function writePublished() {
  const digits = (prefix, count) => [
    [`${prefix}-images-idx3-ubyte`, idx([count, 28, 28], stacked(count, 784))],
    [`${prefix}-labels-idx1-ubyte`, idx([count], classes(count))],
  ];
  for (const [name, bytes] of [...digits('train', 18), ...digits('t10k', 6)]) {
    write(`idx/${name}`, bytes);
    write(`idxgz/${name}.gz`, gzipSync(bytes));
  }
  for (const name of [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`)) write(`cifar10/${name}`, cifar(3, 1));
  write('cifar10/test_batch.bin', cifar(4, 1));
  write('cifar100/train.bin', cifar(9, 2));
  write('cifar100/test.bin', cifar(3, 2));
  write('svhn/train_32x32.mat', svhn(9, true));
  write('svhn/test_32x32.mat', svhn(4, false));
}

/** Saves an image in the format that its name asks for. */
async function writeImage(path, index, { size = 40, channels = 1, bits = 8 } = {}) {
  mkdirSync(dirname(path), { recursive: true });
  const image = sharp(pixels(size * size * channels, index), { raw: { width: size, height: size, channels } });
  await (bits === 16 ? image.toColourspace('grey16').png() : image).toFile(path);
}

async function writeImages() {
  for (const [index, path] of ['one.png', 'two.png', 'three.jpg', 'four.webp', 'five.gif'].entries())
    await writeImage(path, index);
  await writeImage('rgb.png', 6, { size: 24, channels: 3 });
  await writeImage('clear.png', 7, { size: 33, channels: 4 });
  await writeImage('deep.png', 8, { bits: 16 });
  const photos = [
    'cats/1.png',
    'cats/2.jpg',
    'cats/3.png',
    'cats/4.webp',
    'cats/5.png',
    'cats/6.png',
    'cats/7.png',
    'dogs/1.webp',
    'dogs/2.gif',
    'dogs/3.jpg',
    'dogs/4.png',
  ];
  for (const [index, name] of photos.entries())
    await writeImage(`photos/${name}`, index, { channels: index % 2 === 0 ? 1 : 3 });
  const faces = [1, 2, 3, 4, 5, 6].map((number) => `00000${number}.jpg`);
  for (const [index, name] of faces.entries())
    await writeImage(`faces/img_align_celeba/${name}`, index, { size: 180, channels: 3 });
  write('faces/list_eval_partition.txt', faces.map((name, index) => `${name} ${index < 4 ? 0 : 2}\n`).join(''));
}

/** Accidental replacements of files: empty files, folders, pipes, broken links and cycles. */
function writeSpecialFiles() {
  write('empty', '');
  write('empty.png', '');
  mkdirSync('folder.png');
  mkdirSync('nothing');
  makeFifo('pipe');
  makeFifo('pipe.png');
  symlinkSync('loop', 'loop');
  symlinkSync('missing', 'dangling');
  symlinkSync('/dev/null', 'null');
  symlinkSync('run', 'linked');
}

const TRAINING = [
  '--width',
  '2',
  '--latent',
  '4',
  '--batch',
  '4',
  '--steps',
  '3',
  '--threads',
  '1',
  '--no-lowering',
  '--log-every',
  '1',
  '--test-fraction',
  '0.3',
];

async function trainRuns(agenet) {
  await agenet([
    'train',
    'npz:data.npz',
    '--out',
    'run',
    ...TRAINING,
    '--ema',
    '0.9',
    '--sample-every',
    '1',
    '--checkpoint-every',
    '1',
  ]);
  await agenet(['train', 'npz:plain.npz', '--out', 'normal', ...TRAINING, '--prior', 'normal']);
  await agenet(['train', 'npz:data.npz', '--out', 'twin', ...TRAINING, '--seed', '2']);
  for (const [out, condition] of Object.entries({ classes: 'class', tabled: 'attributes:labels.csv', masked: 'mask' }))
    await agenet(['train', 'npz:data.npz', '--out', out, ...TRAINING, '--condition', condition]);
  for (const run of ['run', 'run/checkpoints/000002.safetensors', 'twin'])
    await agenet(['evaluate', run, '--count', '8', '--threads', '1']);
  await agenet(['attribute', 'run', '--with', '0', '--without', '1', '--name', 'a', '--threads', '1']);
  await agenet(['probe', 'run', '--labels', '6', '--trials', '1', '--save', 'p', '--threads', '1']);
  await agenet(['export', 'run', '--out', 'digits', '--pytorch']);
  for (const file of ['run/evaluation-000003.json', 'run/evaluation-000002.json', 'twin/evaluation-000003.json'])
    fixTimes(file);
  for (const run of ['run', 'normal', 'twin']) fixLog(join(run, 'log.jsonl'));
  // For the cache of decoded images.
  await agenet(['dataset', 'photos', '--size', '32']);
  const { metrics } = JSON.parse(readFileSync('run/evaluation-000003.json', 'utf8'));
  write(
    'run/best.json',
    `${JSON.stringify({ metric: 'psnr', value: metrics.psnr, step: 3, epochs: 1, count: 8, metrics }, null, 2)}\n`,
  );
  copyFileSync('run/checkpoints/000003.safetensors', 'run/checkpoints/best.safetensors');
}

/** Measured times would differ between runs, and so would the effect of a mutation at a position. */
function fixTimes(file) {
  const evaluation = JSON.parse(readFileSync(file, 'utf8'));
  evaluation.protocol.seconds = 1;
  for (const key of Object.keys(evaluation.timings ?? {})) evaluation.timings[key] = 1;
  writeFileSync(file, `${JSON.stringify(evaluation, null, 2)}\n`);
}

function fixLog(file) {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const fixed = lines.map((line) =>
    JSON.stringify({ ...JSON.parse(line), seconds: 1, iterations_per_second: 1, memory_mb: 1 }),
  );
  writeFileSync(file, `${fixed.join('\n')}\n`);
}
