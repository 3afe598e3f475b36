/**
 * Checkpoints with right digests and wrong contents: whatever reads them gets past the checks that damaged files fail.
 */
import { HOSTILE_NAMES } from './strings.mjs';

const { readCheckpointFile, RunFolder } = await import('../dist/runs/runFolder.node.js');

const ELEMENTS = [NaN, Infinity, -Infinity, 0, 1e38, -1e-45, 1e10];
const STEPS = [0, 1, 2, 4, 999_999, 1_000_000_000, Number.MAX_SAFE_INTEGER];
const SETTINGS = [
  ...[
    'missing',
    'npz:plain.npz',
    'npz:rgb.npz',
    'photos',
    'npz:.',
    'npz:',
    'nothing',
    'cifar10:cifar10',
    '',
    ...HOSTILE_NAMES,
  ].map((data) => ({ data })),
  ...[
    { prior: 'normal' },
    { divergence: 'nearest' },
    { moment: 'variance' },
    { testFraction: 0 },
    { testFraction: 0.99 },
    { crop: 'celeba' },
    { crop: 'stretch' },
  ],
  ...[
    { batch: 4096 },
    { seed: 4_294_967_295 },
    { evaluateMetrics: ['nonsense'] },
    { saveBest: 'nonsense' },
    { length: { epochs: 1 } },
    { learningRate: 1e-300 },
  ],
];

/** Changes one element of a vector, or all of them. */
function changeVector(checkpoint, random) {
  const name = random.pick(Object.keys(checkpoint.vectors));
  const changed = checkpoint.vectors[name].slice();
  const value = random.pick(ELEMENTS);
  if (random.chance(0.5)) changed.fill(value);
  else changed[random.below(changed.length)] = value;
  return { ...checkpoint, vectors: { ...checkpoint.vectors, [name]: changed } };
}

const FORGERIES = [
  changeVector,
  changeVector,
  (checkpoint, random) => ({ ...checkpoint, step: random.pick(STEPS) }),
  (checkpoint, random) => ({ ...checkpoint, rateScale: random.pick([1e-300, 0.5]) }),
  (checkpoint, random) => ({ ...checkpoint, configuration: { ...checkpoint.configuration, ...random.pick(SETTINGS) } }),
];

/**
 * Writes a forged checkpoint into a run under the name of its iteration.
 * @param {string} run
 * @param {string} file the checkpoint that it is made of
 */
export async function forgeCheckpoint(run, file, random) {
  // An earlier mutation may have damaged either.
  const checkpoint = await readCheckpointFile(file).catch(() => undefined);
  const folder = await RunFolder.open(run).catch(() => undefined);
  if (checkpoint === undefined || folder === undefined) return;
  const { configuration, step, rateScale, vectors } = random.pick(FORGERIES)(checkpoint, random);
  await folder.writeCheckpoint({ configuration, step, rateScale, vectors });
}
