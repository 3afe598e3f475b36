/** What command lines on the fixtures are made of. */

export const RUN_FILES = ['run/config.json', 'run/checkpoints/000003.safetensors'];

/** Data and the files that they are in; the training settings suit all of them. */
export const DATA = [
  ['npz:data.npz', ['data.npz']],
  ['npz:plain.npz', ['plain.npz']],
  ['npz:rgb.npz', ['rgb.npz']],
  ['idx:idx', ['idx/train-images-idx3-ubyte', 'idx/train-labels-idx1-ubyte', 'idx/t10k-images-idx3-ubyte']],
  ['idx:idxgz', ['idxgz/train-images-idx3-ubyte.gz', 'idxgz/train-labels-idx1-ubyte.gz']],
  ['fashion-mnist:idx', ['idx/train-images-idx3-ubyte']],
  ['cifar10:cifar10', ['cifar10/data_batch_1.bin', 'cifar10/data_batch_5.bin', 'cifar10/test_batch.bin']],
  ['cifar100:cifar100', ['cifar100/train.bin', 'cifar100/test.bin']],
  ['svhn:svhn', ['svhn/train_32x32.mat', 'svhn/test_32x32.mat']],
  [
    'photos',
    ['photos/cats/1.png', 'photos/cats/2.jpg', 'photos/dogs/1.webp', 'photos/dogs/2.gif', 'photos/dogs/4.png'],
  ],
  ['folder:photos/cats', ['photos/cats/1.png', 'photos/cats/2.jpg']],
  ['celeba:faces', ['faces/list_eval_partition.txt', 'faces/img_align_celeba/000001.jpg']],
];
export const LABELED = DATA.filter(([data]) => /data\.npz|idx|cifar|svhn|^photos$/.test(data));

export const number = (...values) => [...values].map(String);
export const one =
  (...values) =>
  (random) =>
    random.pick(values);
export const flag = () => undefined;

export const SEED = ['--seed', 0.3, one(...number(0, 1, 7, 4294967295))];

/** Options by their flags, probabilities and values. */
export const chosen = (random, options) =>
  options.flatMap(([name, probability, value]) => {
    if (!random.chance(probability)) return [];
    const text = value(random);
    return [text === undefined ? [name] : [name, text]];
  });

export const someRun = (random) =>
  random.weighted([
    ['run', 10],
    ['run/checkpoints/000003.safetensors', 2],
    ['./run/', 1],
    ['normal', 2],
  ]);
export const pairOf = ([data, files]) => [[data], files];
export const threads = ['--threads', '1'];
