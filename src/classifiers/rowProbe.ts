import { classifyRows, type LinearFit, type NeighborFit, type Predictions } from './fittedProbe.js';
import { fitLinearProbe } from './linearProbe.js';
import {
  type LabelTrial,
  PredictionTable,
  type ProbeRunner,
  type ProbeRunnerOptions,
  testImages,
} from './probeRunner.js';
import { type Representation, representationOf } from './representations.js';
import type { Split } from '../data/source.js';
import { drawnIndices, inChunks } from '../model/chunks.js';
import type { Features } from '../numerics/features.js';
import { applyScale, foldIntoWeights } from '../numerics/standardizer.js';

/** Training images for the standardizer, which need no labels. */
const SCALE_IMAGES = 5000;

/** Returns a runner that fits classifiers on rows that represent images. */
export async function rowRunner(
  method: (LinearFit | NeighborFit)['method'],
  options: ProbeRunnerOptions,
  classes: number,
): Promise<ProbeRunner> {
  const { model, weights, compile, source } = options;
  const representation = await representationOf(method === 'knn' ? 'codes' : method, model, weights, compile);
  const rowsOf: RowsOf = (split, indices) => rowsAt(representation, split, indices, options);
  const fit =
    method === 'knn'
      ? neighborFitter(rowsOf, source.train, classes)
      : await linearFitter(method, representation, rowsOf, options, classes);
  const { indices, score } = testImages(options, classes);
  const test = await rowsOf(source.test, indices);
  return {
    fitAndTest: async (trial) => {
      const probe = await fit(trial);
      return score(probe, classifyChunks(probe, test, trial.onProgress));
    },
    release: representation.release,
  };
}

type Fitter<Fit> = (trial: LabelTrial) => Promise<Fit>;
type RowsOf = (split: Split, indices: Uint32Array) => Promise<Features>;

/** Fits logistic regressions, and folds the scale into the weights. */
async function linearFitter(
  method: LinearFit['method'],
  { scaleBy }: Representation,
  rowsOf: RowsOf,
  { source: { train }, seed }: ProbeRunnerOptions,
  classes: number,
): Promise<Fitter<LinearFit>> {
  const scale = scaleBy?.(await rowsOf(train, drawnIndices(train, SCALE_IMAGES, seed)));
  return async ({ indices, labels, seed: trialSeed, calibrate }) => {
    const rows = await rowsOf(train, indices);
    const scaled = scale ? applyScale(scale, rows) : rows;
    const { parameters } = fitLinearProbe(scaled, labels, classes, trialSeed, { calibrate }).classifier;
    return { method, classes, parameters: Float32Array.from(scale ? foldIntoWeights(scale, parameters) : parameters) };
  };
}

const neighborFitter =
  (rowsOf: RowsOf, train: Split, classes: number): Fitter<NeighborFit> =>
  async ({ indices, labels }) => {
    const { data } = await rowsOf(train, indices);
    return { method: 'knn', classes, codes: Float32Array.from(data), labels };
  };

/** Rows to classify between two reports of progress. */
const CLASSIFIED_ROWS = 1000;

function classifyChunks(
  probe: LinearFit | NeighborFit,
  { data, width }: Features,
  onProgress: (fraction: number) => void,
): Predictions {
  const count = data.length / width;
  const table = new PredictionTable(count, probe.classes);
  for (let first = 0; first < count; first += CLASSIFIED_ROWS) {
    const part = data.subarray(first * width, (first + CLASSIFIED_ROWS) * width);
    table.set(first, classifyRows(probe, { data: part, width }));
    onProgress(Math.min(1, (first + CLASSIFIED_ROWS) / count));
  }
  return table;
}

async function rowsAt(
  { of, ofCodes, width }: Representation,
  split: Split,
  indices: Uint32Array,
  { model, codesOf, onProgress }: ProbeRunnerOptions,
): Promise<Features> {
  if (ofCodes && codesOf) return ofCodes(await codesOf(split, indices));
  const data = new Float32Array(indices.length * width);
  for (const { images, first } of inChunks(split, model.imageElements, indices)) {
    onProgress?.('images', first, indices.length);
    data.set((await of(images)).data, first * width);
  }
  onProgress?.('images', indices.length, indices.length);
  return { data, width };
}
