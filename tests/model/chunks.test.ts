import { gatherImages, splitInMemory } from '../../src/data/source.js';
import { compile } from '../../src/engine/runtime/native.node.js';
import { encodeSplit } from '../../src/model/chunks.js';
import { TrainedModel } from '../../src/model/trainedModel.js';
import { randomStream } from '../../src/random.js';
import { iterationSpec } from '../../src/training/configuration.js';
import { modelWeights } from '../../src/training/trainer.js';
import { tinyCheckpoint, tinyConfiguration } from '../training/tinyTraining.js';
import { describe, expect, it } from 'vitest';

describe('codes of a split', () => {
  it('are those of its images in order, all or at the given indices', async () => {
    const configuration = tinyConfiguration();
    const { pair, objective } = iterationSpec(configuration);
    const model = TrainedModel.of(pair, objective.prior, modelWeights(tinyCheckpoint(configuration).vectors), (graph) =>
      compile(graph, { threads: 1 }),
    );
    const stream = randomStream(1, 'split');
    const split = splitInMemory(
      Uint8Array.from({ length: 7 * 1024 }, () => stream.below(256)),
      1024,
      null,
    );
    const all = await encodeSplit(model, split);
    expect(all).toEqual(await model.encode({ x: gatherImages(split, [0, 1, 2, 3, 4, 5, 6], 1024) }));
    expect(await encodeSplit(model, split, [6, 2])).toEqual(
      Float32Array.of(...all.subarray(48), ...all.subarray(16, 24)),
    );
    expect(await encodeSplit(model, split, [])).toHaveLength(0);
    await model.release();
  });
});
