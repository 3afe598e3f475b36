/** Trainings of a few iterations. */
import { chosen, DATA, flag, number, one, RUN_FILES, SEED, someRun, threads } from './choices.mjs';

export const NETWORK = [
  ['--width', 1, one(...number(1, 2))],
  ['--latent', 1, one(...number(2, 4))],
  ['--batch', 1, one(...number(2, 3, 4))],
  ['--prior', 0.2, one('sphere', 'normal')],
  ['--divergence', 0.2, one('qp', 'pq', 'nearest')],
  ['--moment', 0.1, one('std', 'variance')],
  ['--reduction', 0.1, one('mean', 'sum')],
  ['--match-x', 0.1, one('L1', 'L2', 'L1:1,L2:0.5')],
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

/** Everything that decides how long it takes is always given. */
export function trainLine(random) {
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
