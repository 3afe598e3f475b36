/** Valid command lines of every command on the fixtures, cheap enough to run thousands of them. */

/**
 * @typedef {object} CommandLine
 * @property {string} command
 * @property {string[]} positionals
 * @property {[flag: string, value?: string][]} options
 * @property {string[]} reads the fixtures that the command reads, which are worth damaging
 */

const RUN_FILES = ['run/config.json', 'run/checkpoints/000003.safetensors'];
const PICTURES = ['one.png', 'two.png', 'three.jpg', 'four.webp', 'five.gif', 'rgb.png', 'deep.png', 'clear.png'];

/** Data and the files that they are in; the training settings suit all of them. */
const DATA = [
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
const LABELED = DATA.filter(([data]) => /data\.npz|idx|cifar|svhn|^photos$/.test(data));
const METRICS = [
  'reconstruction_l1',
  'psnr',
  'latent',
  'reconstruction',
  'fid',
  'kid',
  'samples',
  'memorization',
  'precision,recall',
  'fid,psnr',
];

const number = (...values) => [...values].map(String);
const one =
  (...values) =>
  (random) =>
    random.pick(values);
const flag = () => undefined;

const DEVICE = [
  ['--device', 0.05, one('cpu')],
  ['--no-ema', 0.2, flag],
];
const SPLIT = ['--split', 0.3, one('train', 'test')];
const SEED = ['--seed', 0.3, one(...number(0, 1, 7, 4294967295))];
/** Options of commands that write an image. */
const IMAGE = [
  ['--scale', 0.2, one(...number(1, 2, 5))],
  ['--show', 0.1, one('auto', 'kitty', 'iterm2', 'sixel')],
];
const CAPTIONS = ['--captions', 0.2, flag];
const along = (random) =>
  chosen(
    random,
    random.chance(0.2)
      ? [
          ['--along', 1, one('a')],
          ['--by', 0.6, one(...number(0.5, -1, 0, 100))],
        ]
      : [],
  );

const NETWORK = [
  ['--width', 1, one(...number(1, 2))],
  ['--latent', 1, one(...number(2, 4))],
  ['--batch', 1, one(...number(2, 3, 4))],
  ['--prior', 0.2, one('sphere', 'normal')],
  ['--divergence', 0.2, one('qp', 'pq', 'nearest')],
  ['--moment', 0.1, one('std', 'variance')],
  ['--reduction', 0.1, one('mean', 'sum')],
  ['--match-x', 0.1, one('L1', 'L2')],
  ['--match-z', 0.1, one('L1', 'L2', 'cos')],
  ['--batch-norm-stats', 0.15, one('shared', 'separate')],
  [
    '--encoder-updates',
    0.1,
    one('1;KL_fake:1,KL_real:1,match_z:0,match_x:10', '1;match_x:1', '2;KL_real:1,match_x:0.5'),
  ],
  ['--generator-updates', 0.1, one('2;KL_fake:1,match_z:1000,match_x:0', '1;match_z:1')],
  ['--learning-rate', 0.2, one(...number(0.001, 1, 1e-9))],
  ['--lr', 0.05, one(...number(0.001))],
  SEED,
  ['--no-lowering', 0.1, flag],
];

const TRAINING = [
  ['--schedule', 0.15, one('halving', 'cosine')],
  ['--halve-every', 0.1, one(...number(0, 1))],
  ['--warmup-steps', 0.15, one(...number(0, 1, 5))],
  ['--ema', 0.2, one(...number(0, 0.9))],
  ['--ema-start', 0.1, one(...number(0, 1))],
  ['--crop', 0.1, one('center', 'stretch')],
  ['--flip', 0.2, flag],
  ['--augment', 0.1, one('none', 'translation', 'color,cutout')],
  ['--strict', 0.1, flag],
  ['--log-every', 0.2, one(...number(1, 2))],
  ['--sample-every', 0.2, one(...number(0, 1))],
  ['--checkpoint-every', 0.2, one(...number(0, 1))],
  ['--keep-last', 0.1, one(...number(0, 1))],
  ['--keep-every', 0.1, one(...number(0, 2))],
  ['--on-nan', 0.1, one('stop', 'rollback')],
  ['--max-rollbacks', 0.05, one(...number(0, 2))],
  ['--tensorboard', 0.1, flag],
  ['--condition', 0.15, one('class', 'mask', 'gray', 'small:8', 'attributes:labels.csv')],
  ['--dry-run', 0.15, flag],
];

/** What may change when a run is resumed. */
const RESUMED = [
  ['--lr', 0.2, one(...number(0.001, 1))],
  ['--schedule', 0.2, one('constant', 'cosine')],
  ['--encoder-updates', 0.2, one('1;match_x:1', '2;KL_real:1')],
  ['--ema', 0.2, one(...number(0, 0.9))],
];

/** Options by their flags, probabilities and values. */
const chosen = (random, options) =>
  options.flatMap(([name, probability, value]) => {
    if (!random.chance(probability)) return [];
    const text = value(random);
    return [text === undefined ? [name] : [name, text]];
  });

const someRun = (random) =>
  random.weighted([
    ['run', 10],
    ['run/checkpoints/000003.safetensors', 2],
    ['./run/', 1],
    ['normal', 2],
  ]);
/** Conditional runs, with valid choices of what samples show. */
const CONDITIONAL = [
  ['classes', ['--class', '1']],
  ['classes', ['--class', 'all']],
  ['tabled', ['--where', 'kind=cat']],
  ['tabled', ['--where', 'age=3.5,kind=dog']],
  ['masked', ['--draw-from', 'density']],
];
const checkpointOf = (run) => [`${run}/config.json`, `${run}/checkpoints/000003.safetensors`];
const someData = (random, list = DATA) => (random.chance(0.6) ? [[], ['data.npz']] : pairOf(random.pick(list)));
const pairOf = ([data, files]) => [[data], files];
const pictures = (random, least, most) =>
  Array.from({ length: least + random.below(most - least + 1) }, () => random.pick(PICTURES));
const png = one('out.png', 'new/out.png', './out.PNG', 'one.png');
const threads = ['--threads', '1'];

/** A training of a few iterations; everything that decides how long it takes is always given. */
function trainLine(random) {
  const [data, files] = random.pick(DATA);
  const steps = ['--steps', random.pick(['1', '2'])];
  const out = chosen(random, [['--out', 0.8, one('out', 'new/out', 'nothing', 'out.d')]]);
  const kind = random.weighted([
    ['new', 6],
    ['resume', 3],
    ['config', 2],
    ['from', 2],
    ['evaluated', 2],
    ['preset', 1],
  ]);
  const small = chosen(random, NETWORK);
  const more = chosen(random, TRAINING);
  const sized = [
    ['--size', '32'],
    ['--test-fraction', '0.3'],
  ];
  if (kind === 'resume') {
    const changes = chosen(random, RESUMED);
    const resumed = [['--resume', 'run'], ['--steps', random.pick(['3', '4', '5'])], ...changes, threads];
    const positionals = random.chance(0.5) ? [] : ['npz:data.npz'];
    return {
      command: 'train',
      positionals,
      options: resumed,
      reads: [...RUN_FILES, 'run/log.jsonl', 'run/best.json', 'data.npz'],
    };
  }
  if (kind === 'from')
    return {
      command: 'train',
      positionals: ['npz:data.npz'],
      options: [['--init-from', someRun(random)], steps, threads, ...out],
      reads: RUN_FILES,
    };
  if (kind === 'config') {
    const config = random.pick(['config.yaml', 'config.json']);
    return {
      command: 'train',
      positionals: [data],
      options: [['--config', config], ...small, ...sized, steps, threads, ...out],
      reads: [config, config, ...files],
    };
  }
  if (kind === 'evaluated') {
    const metrics = chosen(random, [
      ['--evaluate-metrics', 0.9, one('psnr', 'latent', 'reconstruction,psnr')],
      ['--save-best', 0.5, one('psnr')],
    ]);
    const evaluated = [
      ['--evaluate-every', '1'],
      ['--evaluate-samples', random.pick(['4', '8'])],
      ['--epochs', '1'],
      ...metrics,
    ];
    return {
      command: 'train',
      positionals: ['npz:data.npz'],
      options: [...evaluated, ...small, ...sized, threads, ...out],
      reads: ['data.npz'],
    };
  }
  const preset =
    kind === 'preset' ? [['--preset', random.pick(['published', 'cifar10', 'tiny-imagenet', 'svhn'])]] : [];
  return {
    command: 'train',
    positionals: [data],
    options: [...preset, ...small, ...sized, ...more, steps, threads, ...out],
    reads: [...files, ...(more.flat().includes('attributes:labels.csv') ? ['labels.csv'] : [])],
  };
}

function interpolateLine(random) {
  const options = [
    ['--frames', 0.5, one(...number(2, 3, 10))],
    ['--rows', 0.2, one(...number(1, 2, 8))],
    ['--points', 0.2, one(...number(2, 3))],
    ['--loop', 0.2, flag],
    ['--circle', 0.2, flag],
    ['--fps', 0.1, one(...number(0.5, 12, 50))],
    SEED,
    ...DEVICE,
    ...IMAGE,
    ['--out', 0.7, one('out.png', 'out.gif', 'out.webp', 'out.npz')],
  ];
  const files = random.chance(0.5) ? [] : pictures(random, 2, 4);
  return {
    command: 'interpolate',
    positionals: [someRun(random), ...files],
    options: [...chosen(random, options), threads],
    reads: [...RUN_FILES, ...files],
  };
}

function sampleLine(random) {
  return {
    command: 'sample',
    positionals: [someRun(random)],
    options: [
      ...chosen(random, [
        random.chance(0.5) ? ['--count', 0.6, one(...number(1, 3, 9))] : ['--seeds', 0.6, one('0-3', '5-5')],
        ['--like', 0.3, one(...PICTURES)],
        ...DEVICE,
        ...IMAGE,
        CAPTIONS,
        ['--out', 0.7, one('out.png', 'out.npz', 'samples', 'new/out.png')],
      ]),
      ...along(random),
      threads,
    ],
    reads: [...RUN_FILES, 'run/attributes/a.safetensors', 'one.png'],
  };
}

/** Of a conditional run. */
function conditionalSampleLine(random) {
  const [run, choice] = random.pick(CONDITIONAL);
  const options = [
    ['--count', 0.6, one(...number(1, 3, 9))],
    ['--guidance', 0.3, one(...number(0, 1, 2.5))],
    ['--refine', 0.4, one(...number(0, 1, 3))],
    ['--refine-noise', 0.2, one(...number(0, 0.3))],
    SEED,
    ['--out', 0.7, one('out.png', 'out.npz', 'samples')],
  ];
  return {
    command: 'sample',
    positionals: [run],
    options: [choice, ...chosen(random, options), threads],
    reads: checkpointOf(run),
  };
}

function evaluateLine(random) {
  const [data, files] = random.chance(0.85) ? [[], ['data.npz']] : pairOf(random.pick(DATA.slice(0, 4)));
  const features = random.chance(0.3) ? [['--features', 'features.onnx'], ...chosen(random, FEATURES)] : [];
  const options = [['--metrics', 0.7, one(...METRICS)], SEED, SPLIT, ...DEVICE];
  return {
    command: 'evaluate',
    positionals: [someRun(random), ...data],
    options: [['--count', random.pick(['4', '8', '10'])], ...features, ...chosen(random, options), threads],
    reads: [...RUN_FILES, ...files, ...(features.length > 0 ? ['features.onnx', 'features.onnx'] : [])],
  };
}

const FEATURES = [
  ['--features-output', 0.3, one('pool')],
  ['--features-probabilities', 0.3, one('probabilities')],
  ['--features-size', 0.3, one('32')],
  ['--features-channels', 0.3, one('1')],
  ['--features-mean', 0.2, one('0.5', '0.5,0.4,0.3')],
  ['--features-std', 0.2, one('0.5', '1')],
];

/** A line of a command that looks at data with a run. */
const withData =
  (command, options, list = DATA) =>
  (random) => {
    const [data, files] = someData(random, list);
    return {
      command,
      positionals: [someRun(random), ...data],
      options: [...chosen(random, [...options, SPLIT, ...DEVICE]), threads],
      reads: [...RUN_FILES, ...files],
    };
  };

/** The valid command lines of each command. */
export const COMMAND_LINES = {
  train: trainLine,
  sample: (random) => (random.chance(0.3) ? conditionalSampleLine(random) : sampleLine(random)),
  complete: (random) => {
    const files = pictures(random, 1, 3);
    const options = [
      ['--count', 0.6, one(...number(1, 2))],
      ['--mask', 0.7, one(...PICTURES)],
      ['--refine', 0.5, one(...number(0, 2))],
      SEED,
      ['--out', 0.7, one('out', 'new/out', 'nothing', 'photos')],
    ];
    return {
      command: 'complete',
      positionals: [random.pick(['masked', 'masked', 'run']), ...files],
      options: [...chosen(random, options), threads],
      reads: [...checkpointOf('masked'), ...files],
    };
  },
  reconstruct: (random) => {
    const files = random.chance(0.4)
      ? []
      : [
          ...pictures(random, 1, 3),
          ...(random.chance(0.3) ? ['photos'] : []),
          ...(random.chance(0.2) ? ['npz:data.npz'] : []),
        ];
    const options = [
      ['--count', 0.3, one(...number(1, 2, 4))],
      ...DEVICE,
      ...IMAGE,
      CAPTIONS,
      ['--out', 0.6, random.chance(0.7) ? png : one('out.npz')],
    ];
    return {
      command: 'reconstruct',
      positionals: [someRun(random), ...files],
      options: [...chosen(random, options), ...along(random), threads],
      reads: [...RUN_FILES, ...files],
    };
  },
  interpolate: interpolateLine,
  attribute: withData(
    'attribute',
    [
      ['--with', 1, one('0', '1')],
      ['--without', 0.5, one('2', 'rest')],
      ['--name', 0.4, one('a', 'b', 'smile')],
    ],
    LABELED,
  ),
  search: withData('search', [
    ['--image', 1, one(...PICTURES)],
    ['--count', 0.9, one(...number(1, 2, 3, 500))],
    ...IMAGE,
    CAPTIONS,
    ['--out', 0.6, png],
  ]),
  map: withData('map', [
    ['--method', 0.4, one('pca', 'umap')],
    ['--count', 0.3, one(...number(2, 5))],
    ['--cells', 0.3, one(...number(1, 3, 9))],
    ...IMAGE,
    ['--out', 0.6, one('out.png', 'out.json')],
  ]),
  timelapse: (random) => ({
    command: 'timelapse',
    positionals: ['run'],
    options: chosen(random, [
      ['--previews', 0.4, one('samples', 'reconstructions')],
      ['--frames', 0.3, one(...number(2, 3, 50))],
      ['--fps', 0.3, one(...number(1, 12, 50))],
      IMAGE[0],
      ['--out', 0.6, one('out.webp', 'out.gif', 'out.gif')],
    ]),
    reads: ['run/samples/000001.png', 'run/samples/000003.png', 'run/reconstructions/000002.png'],
  }),
  encode: withData('encode', [['--out', 0.6, one('out.npz', 'new/out.npz')]]),
  export: (random) => {
    const [data, files] = someData(random);
    return {
      command: 'export',
      positionals: [someRun(random), ...data],
      options: [
        ['--out', random.pick(['digits', 'out', 'new/out', 'photos'])],
        ...chosen(random, [['--pytorch', 0.4, flag], ['--training', 0.3, flag], ['--int8', 0.3, flag], ...DEVICE]),
        threads,
      ],
      reads: [...RUN_FILES, 'digits/export.json', ...files],
    };
  },
  import: (random) => {
    const [[data], files] = pairOf(random.pick(DATA));
    const options = [
      ['--batch', 0.8, one('4')],
      ['--prior', 0.2, one('sphere', 'normal')],
      ['--preset', 0.3, one('published', 'concentrated')],
      ['--steps', 0.3, one('1', '20')],
    ];
    return {
      command: 'import',
      positionals: ['digits/pytorch.safetensors', data],
      options: [
        ['--network', random.pick(['dcgan32', 'dcgan32', 'dcgan64'])],
        ['--out', random.pick(['out', 'new/out', 'nothing'])],
        ...chosen(random, options),
      ],
      reads: ['digits/pytorch.safetensors', ...files],
    };
  },
  evaluate: evaluateLine,
  compare: (random) => ({
    command: 'compare',
    positionals: Array.from({ length: 1 + random.below(3) }, () => random.pick(['run', 'twin', './run'])),
    options: [],
    reads: ['run/evaluation-000003.json', 'run/evaluation-000002.json', 'twin/evaluation-000003.json'],
  }),
  probe: (random) => {
    const labels = ['--labels', random.pick(['3', '6', 'all', '3,6'])];
    const saving = random.chance(0.3)
      ? [
          ['--save', random.pick(['p', 'q'])],
          ['--methods', 'codes'],
        ]
      : [['--methods', random.pick(['codes', 'knn', 'pixels', 'codes,knn', 'features', 'finetune'])]];
    const [data, files] = someData(random, LABELED);
    return {
      command: 'probe',
      positionals: [someRun(random), ...data],
      options: [
        labels,
        ['--trials', random.pick(['1', '2'])],
        ...saving,
        ...chosen(random, [SEED, ...DEVICE]),
        threads,
      ],
      reads: [...RUN_FILES, ...files],
    };
  },
  classify: (random) => {
    const files = [...pictures(random, 1, 3), ...(random.chance(0.3) ? ['photos'] : [])];
    return {
      command: 'classify',
      positionals: ['run', ...files],
      options: [...chosen(random, [['--probe', 0.5, one('p')]]), threads],
      reads: [...RUN_FILES, 'run/probes/p.safetensors', ...files],
    };
  },
  info: (random) => {
    const [[data], files] = pairOf(random.pick(DATA));
    return random.chance(0.5)
      ? { command: 'info', positionals: [someRun(random)], options: [], reads: [...RUN_FILES, 'run/best.json'] }
      : { command: 'info', positionals: [data], options: [], reads: files };
  },
  dataset: (random) => {
    const [[data], files] = pairOf(random.pick(DATA));
    const options = [
      SPLIT,
      ['--size', 0.3, one(...number(1, 8, 32))],
      ['--channels', 0.2, one('1', '3')],
      ['--crop', 0.2, one('center', 'stretch', 'celeba')],
      ['--test-fraction', 0.3, one(...number(0.1, 0.3))],
      ['--strict', 0.2, flag],
      ['--out', 0.5, one('out.png', 'out.npz')],
    ];
    return { command: 'dataset', positionals: [data], options: chosen(random, options), reads: files };
  },
  verify: (random) => ({
    command: 'verify',
    positionals: ['golden.safetensors'],
    options: [...chosen(random, [['--no-lowering', 0.3, flag]]), threads],
    reads: ['golden.safetensors'],
  }),
  bench: (random) => ({
    command: 'bench',
    positionals: [],
    options: [
      ['--iterations', '1'],
      ['--warmup', random.pick(['0', '1'])],
      ...chosen(random, [
        ...NETWORK,
        ['--size', 0.2, one('32')],
        ['--channels', 0.3, one('1', '3')],
        ['--profile', 0.2, flag],
      ]),
      threads,
    ],
    reads: [],
  }),
  doctor: () => ({ command: 'doctor', positionals: [], options: [], reads: [] }),
};

/** Relative frequency of each command; simple and slow commands are less frequent. */
export const COMMAND_WEIGHTS = [
  ...[
    ['train', 14],
    ['sample', 11],
    ['complete', 5],
    ['reconstruct', 8],
    ['interpolate', 7],
    ['attribute', 6],
    ['search', 6],
    ['map', 6],
    ['timelapse', 5],
    ['encode', 6],
    ['export', 5],
    ['import', 5],
  ],
  ...[
    ['evaluate', 6],
    ['compare', 5],
    ['probe', 5],
    ['classify', 6],
    ['info', 8],
    ['dataset', 12],
    ['verify', 2],
    ['bench', 3],
    ['doctor', 1],
  ],
];
