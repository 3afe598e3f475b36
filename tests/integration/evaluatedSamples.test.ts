import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { TrainedModel } from '../../src/model/trainedModel.js';
import { splitInMemory } from '../../src/data/source.js';
import { evaluate } from '../../src/metrics/evaluate.js';
import type { FeatureExtractor } from '../../src/classifiers/featureExtractor.js';
import { channelsLast } from '../../src/images/raster.js';
import { type Configuration, iterationSpec } from '../../src/training/configuration.js';
import { modelWeights } from '../../src/training/trainer.js';
import type { Compile } from '../../src/engine/index.js';
import { compile } from '../../src/engine/runtime/native.node.js';
import { readCheckpointFile } from '../../src/runs/runFolder.node.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { createRun, tinyCheckpoint, tinyConfiguration } from '../training/tinyTraining.js';
import { resultOf } from '../cli/runCommand.js';
import { bytesIn } from '../cli/tinyRun.js';

const cwd = sharedTemporaryFolder();
/** As the commands do. */
const compileHere: Compile = (graph) => compile(graph);

/** A run whose averages are other weights than the raw ones; returns its checkpoint. */
async function makeAveragedRun(name: string, configuration: Configuration): Promise<string> {
  const folder = await createRun(join(cwd, name), configuration);
  const { vectors, ...rest } = tinyCheckpoint(configuration);
  const doubled = Object.entries(vectors).map(([vector, data]) => [
    vector,
    vector.includes('ema_') ? data.map((value) => 2 * value) : data,
  ]);
  return folder.writeCheckpoint({ ...rest, vectors: Object.fromEntries(doubled) as typeof vectors });
}

/** The images [N, C, H, W] that an evaluation takes features of as samples. */
async function evaluatedSamples(checkpoint: string, count: number, seed: number, raw: boolean): Promise<Uint8Array> {
  const { configuration, vectors } = await readCheckpointFile(checkpoint);
  const { pair, objective } = iterationSpec(configuration);
  const model = TrainedModel.of(pair, objective.prior, modelWeights(vectors, { ema: !raw }), compileHere);
  const { size, channels } = configuration;
  const bytes = channels * size * size;
  const seen: Uint8Array[] = [];
  const extractor: FeatureExtractor = {
    name: 'two numbers',
    width: 2,
    extract: ({ data }) => {
      seen.push(data.slice());
      return Promise.resolve({
        features: { data: Float32Array.from(data.subarray(0, (2 * data.length) / bytes)), width: 2 },
      });
    },
    release: () => Promise.resolve(),
  };
  const split = splitInMemory(
    Uint8Array.from({ length: 2 * bytes }, (_, index) => index),
    bytes,
    null,
  );
  const source = { name: 'two', size: [size, size], channels, train: split, test: split, classes: null } as const;
  await evaluate({
    model,
    source,
    split: 'test',
    count,
    seed,
    metrics: new Set(['fid']),
    extractor,
    divergence: objective,
    compile: compileHere,
  });
  await model.release();
  const all = Buffer.concat(seen);
  // The two images come first, then the samples, then the training images for the floor.
  return all.subarray(2 * bytes, (2 + count) * bytes);
}

describe('the samples of an evaluation', () => {
  const gray = tinyConfiguration({ ema: 0.5 });
  const color = tinyConfiguration({ ema: 0.5, channels: 3, network: 'dcgan64', size: 64 });
  it.each([
    ['EMA weights', gray, 30, 0, []],
    ['raw weights', gray, 30, 0, ['--no-ema']],
    ['a different count, with a partial batch', gray, 1203, 5, []],
    ['RGB images of 64x64', color, 21, 3, ['--no-ema']],
  ] as const)(
    'equal those that sample writes as an array, byte by byte: %s',
    async (name, configuration, count, seed, flags) => {
      const checkpoint = await makeAveragedRun(name.replaceAll(' ', '-'), configuration);
      const out = join(cwd, `${name}.npz`);
      await resultOf(['sample', checkpoint, '--count', `${count}`, '--seed', `${seed}`, '--out', out, ...flags], cwd);
      const { shape, data } = bytesIn(unzipSync(readFileSync(out))['arr_0.npy']);
      const { size, channels } = configuration;
      expect(shape).toEqual([count, size, size, channels]);
      const judged = await evaluatedSamples(checkpoint, count, seed, flags.length > 0);
      const rows = channelsLast({ shape: [channels, size, size], count, data: judged });
      expect(Buffer.compare(Buffer.from(data), Buffer.from(rows))).toBe(0);
      expect(new Set(data).size).toBeGreaterThan(2);
    },
  );
});
