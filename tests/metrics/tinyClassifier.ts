/** Classifiers and labeled images that are trained in milliseconds. */
import type { ClassifierSpec } from '../../src/classifiers/classifierGraph.js';
import { ClassifierPrograms } from '../../src/classifiers/encoderClassifier.js';
import { type ImageSource, splitInMemory } from '../../src/data/source.js';
import { ARCHITECTURES } from '../../src/networks/architecture.js';
import { compile } from '../../src/engine/runtime/native.node.js';
import { TrainedModel } from '../../src/model/trainedModel.js';
import { randomStream } from '../../src/random.js';
import { iterationSpec } from '../../src/training/configuration.js';
import { modelWeights } from '../../src/training/trainer.js';
import { tinyCheckpoint, tinyConfiguration } from '../training/tinyTraining.js';

export const compileOnOneThread = (graph: Parameters<typeof compile>[0]) => compile(graph, { threads: 1 });

/** dcgan32's encoder of width 4 for grayscale images, to M = 8, and three classes. */
export const tinySpec = (onSphere = true): ClassifierSpec => ({
  network: ARCHITECTURES.dcgan32.build({ channels: 1, latentSize: 8, width: 4 }).encoder,
  classes: 3,
  onSphere,
});

export const tinyPrograms = (onSphere = true) => new ClassifierPrograms(tinySpec(onSphere), compileOnOneThread);

/** An untrained model of width 4, and its weights. */
export function tinyModel() {
  const configuration = tinyConfiguration();
  const { pair, objective } = iterationSpec(configuration);
  const weights = modelWeights(tinyCheckpoint(configuration).vectors);
  return { model: TrainedModel.of(pair, objective.prior, weights, compileOnOneThread), weights };
}

/**
 * Grayscale images of 32x32, cycling through three classes: noise, with a bright bar at the left, in the middle or at
 * the right.
 */
export function barSource(train: number, test: number): ImageSource {
  const stream = randomStream(5, 'bars');
  const split = (count: number) => {
    const labels = Uint8Array.from({ length: count }, (_, image) => image % 3);
    const pixels = Uint8Array.from({ length: count * 1024 }, (_, index) => {
      const inBar = Math.floor((index % 32) / 11) === labels[Math.floor(index / 1024)];
      return stream.below(60) + (inBar ? 190 : 0);
    });
    return splitInMemory(pixels, 1024, labels);
  };
  return { name: 'bars', size: [32, 32], channels: 1, train: split(train), test: split(test), classes: 3 };
}
