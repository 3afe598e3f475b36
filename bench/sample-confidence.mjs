#!/usr/bin/env node
/**
 * How many samples are ambiguous, and what that does to FID. Prints for several limits the share of test images and of
 * samples of whose class the feature extractor is less confident, and the FID of the other samples.
 *
 *     node bench/sample-confidence.mjs runs/mnist-1
 *
 * Run `npm run build` first. The run must be one of labeled data.
 */
import { parseArgs } from 'node:util';
import { FeatureTable } from '../dist/classifiers/featureExtractor.js';
import { toBytes } from '../dist/images/raster.js';
import { frechetFeatureDistance } from '../dist/metrics/catalog/fid.js';
import { inChunks, sampleChunks } from '../dist/model/chunks.js';
import { compile as compileWith, openSource } from '../dist/node.js';
import { dataExtractor } from '../dist/runs/extractorCache.node.js';
import { openRun } from '../dist/runs/runFolder.node.js';

const LIMITS = [0, 0.5, 0.7, 0.9];
const [run] = parseArgs({ allowPositionals: true }).positionals;
const compile = (graph) => compileWith(graph, { threads: 1 });
const { model, checkpoint } = await openRun(run, compile);
const { data, size, channels } = checkpoint.configuration;
const source = await openSource(data, { size, channels });
const extractor = await dataExtractor(source, compile);
const { test } = source;
const shape = [channels, size, size];

const ofImages = new FeatureTable(extractor, shape, test.count);
for (const { images, first } of inChunks(test, model.imageElements)) await ofImages.add(first, images);
const ofSamples = new FeatureTable(extractor, shape, test.count);
for await (const { values, first } of sampleChunks(model, test.count, 0)) await ofSamples.add(first, toBytes(values));

/** The probability of the most probable class of each image. */
const confidences = ({ probabilities: { data, width } }) =>
  Array.from({ length: data.length / width }, (_, row) => Math.max(...data.subarray(row * width, (row + 1) * width)));

/** The rows of features at these positions. */
const select = ({ features: { data, width } }, rows) => ({
  data: Float32Array.from(rows.flatMap((row) => [...data.subarray(row * width, (row + 1) * width)])),
  width,
});

const [imageConfidences, sampleConfidences] = [ofImages.rows, ofSamples.rows].map(confidences);
const shareBelow = (values, limit) => (values.filter((value) => value < limit).length / values.length).toFixed(3);
console.log('| confidence below | test images | samples | FID of the other samples |\n| --- | --- | --- | --- |');
for (const limit of LIMITS) {
  const kept = sampleConfidences.flatMap((value, row) => (value >= limit ? [row] : []));
  const fid = frechetFeatureDistance(ofImages.rows.features, select(ofSamples.rows, kept));
  console.log(
    `| ${[limit, shareBelow(imageConfidences, limit), shareBelow(sampleConfidences, limit), fid.toFixed(1)].join(' | ')} |`,
  );
}
await Promise.all([model.release(), extractor.release()]);
