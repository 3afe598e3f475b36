/** Valid command lines of every command on the fixtures, cheap enough to run thousands of them. */

/**
 * @typedef {object} CommandLine
 * @property {string} command
 * @property {string[]} positionals
 * @property {[flag: string, value?: string][]} options
 * @property {string[]} reads the fixtures that the command reads, which are worth damaging
 */

import { chosen, DATA, flag, LABELED, number, one, pairOf, RUN_FILES, SEED, someRun, threads } from './choices.mjs';
import { NETWORK, trainLine } from './trainingLines.mjs';

const PICTURES = ['one.png', 'two.png', 'three.jpg', 'four.webp', 'five.gif', 'rgb.png', 'deep.png', 'clear.png'];
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

const DEVICE = [
  ['--device', 0.05, one('cpu')],
  ['--no-ema', 0.2, flag],
];
const SPLIT = ['--split', 0.3, one('train', 'test')];
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
const pictures = (random, least, most) =>
  Array.from({ length: least + random.below(most - least + 1) }, () => random.pick(PICTURES));
const png = one('out.png', 'new/out.png', './out.PNG', 'one.png');

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
        ['--truncation', 0.1, one(...number(0, 0.7, 1.5))],
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
