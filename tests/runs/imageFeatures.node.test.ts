/** Training with the distance of features, which a constant network computes. */
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { FEATURES_NAME } from '../../src/runs/imageFeatures.node.js';
import { readCheckpoint, RunFolder } from '../../src/runs/runFolder.node.js';
import { resolveSettings, type Settings } from '../../src/runs/settings.node.js';
import { prepareRun, trainRun } from '../../src/runs/train.node.js';
import { writeNoiseArchive } from '../cli/labelledData.js';
import { attributeOf, infoOf, modelOf, tensorProto } from '../engine/import/nodeModels.js';
import { compileSmall } from '../engine/running.js';
import { random } from '../engine/tensors.js';
import { expectInputError } from '../rejection.js';
import { sharedTemporaryFolder, temporaryFolder } from '../temporaryFolder.js';

// Trained for one step, not for 200.
vi.mock('../../src/classifiers/encoderClassifier.js', async (original) => {
  const actual = await original<typeof import('../../src/classifiers/encoderClassifier.js')>();
  const trainClassifier: typeof actual.trainClassifier = (programs, start, images, labels, options) =>
    actual.trainClassifier(programs, start, images, labels, { ...options, steps: 1, batch: 8 });
  return { ...actual, trainClassifier };
});

const folder = sharedTemporaryFolder();
const data = `npz:${join(folder, 'noise.npz')}`;
const model = join(folder, 'model.onnx');

/** Features of a convolution; `shift` changes its weights. */
const modelBytes = (shift: number) =>
  modelOf({
    name: 'convolution',
    node: [
      {
        opType: 'Conv',
        name: 'conv',
        input: ['x', 'w'],
        output: ['maps'],
        attribute: [attributeOf('strides', [4, 4])],
      },
    ],
    input: [infoOf('x', 1, ['n', 1, 32, 32])],
    output: [infoOf('maps', 1)],
    initializer: [tensorProto('w', random([3, 1, 4, 4], 1 + shift))],
  });

const SETTINGS = {
  ...{ data, width: 2, latent: 4, batch: 4, length: { steps: 2 }, schedule: 'constant', sampleEvery: 0 },
  ...{ encoderUpdates: '1;KL_real:1,match_x:10', generatorUpdates: '1;match_x:10' },
} as const;

beforeAll(() => {
  vi.stubEnv('AGENET_CACHE', join(folder, 'cache'));
  writeNoiseArchive(join(folder, 'noise.npz'), 12);
  writeFileSync(model, modelBytes(0));
});
afterAll(() => vi.unstubAllEnvs());

const train = (settings: Partial<Settings>, out: string) =>
  trainRun({ ...SETTINGS, ...settings } as Settings, { out, compile: compileSmall });
const resume = (run: string, steps: number, settings: Partial<Settings> = {}) =>
  trainRun({ ...settings, length: { steps } }, { resume: run, compile: compileSmall });
const vectorsOf = async (run: string) => (await readCheckpoint(run)).vectors;

/** Runs of two iterations. */
const RUNS = {
  L1: {},
  'an ONNX model': { matchX: 'L1:1,features:0.5', features: model },
  "the data's classifier": { matchX: 'features' },
};
const runOf = (name: keyof typeof RUNS) => join(folder, name);

/** A copy for one test. */
function copyOf(name: keyof typeof RUNS) {
  const out = join(temporaryFolder(), 'run');
  cpSync(runOf(name), out, { recursive: true });
  return out;
}

beforeAll(async () => {
  for (const [name, settings] of Object.entries(RUNS)) await train(settings, join(folder, name));
}, 600_000);

describe.each(['an ONNX model', "the data's classifier"] as const)('training with features of %s', (name) => {
  it('changes both networks, and records the digest', async () => {
    const [trained, withL1] = [await vectorsOf(runOf(name)), await vectorsOf(runOf('L1'))];
    expect(Object.keys(trained)).toEqual(Object.keys(withL1));
    for (const network of ['encoder.parameters', 'generator.parameters'] as const)
      expect(trained[network]).not.toEqual(withL1[network]);
    const { featuresDigest } = await (await RunFolder.open(runOf(name))).readConfiguration();
    expect(featuresDigest).toMatch(/^[0-9a-f]{64}$/u);
  });

  it('resumes exactly', async () => {
    const out = join(temporaryFolder(), 'run');
    await train({ ...RUNS[name], length: { steps: 1 } }, out);
    await resume(out, 2);
    expect(await vectorsOf(out)).toEqual(await vectorsOf(runOf(name)));
  });
});

describe('a run with features', () => {
  it('refuses a changed model, and takes the same one at another path', async () => {
    const out = copyOf('an ONNX model');
    onTestFinished(() => writeFileSync(model, modelBytes(0)));
    writeFileSync(model, modelBytes(1));
    const problem = 'model.onnx: not the file with which the run began; restore it, or start a new run';
    await expectInputError(() => resume(out, 3), problem);
    rmSync(model);
    await expectInputError(() => resume(out, 3), 'model.onnx: cannot be read');
    const moved = join(temporaryFolder(), 'moved.onnx');
    writeFileSync(moved, modelBytes(0));
    expect((await resume(out, 3, { features: moved })).steps).toBe(3);
  });

  it('keeps the classifier of the data, and refuses another', async () => {
    const out = copyOf("the data's classifier");
    vi.stubEnv('AGENET_CACHE', temporaryFolder());
    expect((await resume(out, 3)).steps).toBe(3);
    writeFileSync(join(out, FEATURES_NAME), 'other bytes');
    const problem = `${FEATURES_NAME}: missing or damaged; restore it, or start a new run`;
    await expectInputError(() => resume(out, 4), problem);
  });

  it('gives its distance to other runs, but not its digest', async () => {
    const out = runOf("the data's classifier");
    for (const other of [{ initFrom: out }, { config: join(out, 'config.json') }]) {
      const settings = await resolveSettings({ data, ...other });
      expect([settings.matchX, settings.featuresDigest]).toEqual(['features', undefined]);
    }
  });

  it('is described without training the classifier', async () => {
    const cache = temporaryFolder();
    vi.stubEnv('AGENET_CACHE', cache);
    const options = { dryRun: true, compile: compileSmall };
    const { features, close } = await prepareRun({ ...SETTINGS, matchX: 'features' } as Settings, options);
    close();
    expect(features).toBeDefined();
    expect(readdirSync(cache)).not.toContain('extractors');
  });
});
