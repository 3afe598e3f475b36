import { type ClassifierSpec, type ClassifierWeights, weightLengths } from './classifierGraph.js';
import { ClassifierPrograms } from './encoderClassifier.js';
import type { Labels } from './labels.js';
import { classProbabilities } from './logisticRegression.js';
import { neighborVotes } from './nearestNeighbors.js';
import { type RepresentationName, representationOf } from './representations.js';
import { type Compile, decodeSafetensors, encodeSafetensors, type TensorFile } from '../engine/index.js';
import { InputError } from '../errors.js';
import type { TrainedModel } from '../model/trainedModel.js';
import type { ModelWeights } from '../networks/network.js';
import { argmaxRows, type Features } from '../numerics/features.js';

/** docs/evaluation.md describes them. */
export const PROBE_METHODS = ['codes', 'features', 'knn', 'finetune', 'pixels', 'supervised'] as const;
export type ProbeMethod = (typeof PROBE_METHODS)[number];

/** Logistic regression. */
export interface LinearFit {
  method: RepresentationName;
  classes: number;
  /** `[K, D + 1]`: for each class its weights, then its bias. */
  parameters: Float32Array;
}

/** Labeled codes for classification by nearest neighbors. */
export interface NeighborFit {
  method: 'knn';
  classes: number;
  /** [n, M], in the representation `codes`. */
  codes: Float32Array;
  labels: Labels;
}

/** The encoder with a linear head on its output. */
export interface NetworkFit {
  method: 'finetune' | 'supervised';
  classes: number;
  weights: ClassifierWeights;
}

export type FittedProbe = LinearFit | NeighborFit | NetworkFit;

export interface Predictions {
  classes: Uint32Array;
  /** [N, K], rows sum to 1. By nearest neighbors, they are fractions of the votes. */
  probabilities: Float32Array | Float64Array;
}

export interface ImageClassifier {
  /** Classifies images, bytes [N, C, H, W]. */
  classify: (images: Uint8Array) => Promise<Predictions>;
  /** Leaves the model open. */
  release: () => Promise<void>;
}

const MAX_NEIGHBORS = 5;

/** @throws {InputError} if the probe was fitted on a different architecture */
export async function imageClassifier(
  probe: FittedProbe,
  model: TrainedModel,
  weights: ModelWeights,
  compile: Compile,
): Promise<ImageClassifier> {
  if ('weights' in probe) {
    const programs = new ClassifierPrograms(networkSpec(model, probe.classes), compile);
    checkLengths(probe, programs.spec);
    return {
      classify: async (images) => {
        const { probabilities, classes } = await programs.classify(probe.weights, images);
        return { probabilities, classes };
      },
      release: () => programs.release(),
    };
  }
  const name = probe.method === 'knn' ? 'codes' : probe.method;
  const representation = await representationOf(name, model, weights, compile);
  return {
    classify: async (images) => classifyRows(probe, await representation.of(images)),
    release: representation.release,
  };
}

export const networkSpec = ({ pair, prior }: TrainedModel, classes: number): ClassifierSpec => ({
  network: pair.encoder,
  classes,
  onSphere: prior === 'sphere',
});

function checkLengths({ method, weights }: NetworkFit, spec: ClassifierSpec) {
  for (const [name, expected] of Object.entries(weightLengths(spec)) as [keyof ClassifierWeights, number][]) {
    const { length } = weights[name];
    if (length === expected) continue;
    const problem = `expected ${expected} values of ${name}, as in the encoder, but got ${length}`;
    throw new InputError(`probe ${method}`, problem);
  }
}

/** @throws {InputError} if the width of rows differs from the fit */
export function classifyRows(probe: LinearFit | NeighborFit, rows: Features): Predictions {
  const { classes } = probe;
  if (probe.method === 'knn') {
    const k = Math.max(1, Math.min(MAX_NEIGHBORS, Math.floor(probe.labels.length / classes)));
    return neighborVotes(rows, { data: probe.codes, width: rows.width }, probe.labels, { k, classes });
  }
  const width = probe.parameters.length / classes - 1;
  const probabilities = classProbabilities({ classes, width, parameters: Float64Array.from(probe.parameters) }, rows);
  return { classes: argmaxRows({ data: probabilities, width: classes }), probabilities };
}

export interface SavedProbe {
  name: string;
  probe: FittedProbe;
  origin: ProbeOrigin;
}

/** How a probe was fitted. Keys are as in its file. */
export interface ProbeOrigin {
  data: string;
  /** Number of labels that it was fitted on, and the seed that chose them. */
  labels: number;
  seed: number;
  /** Fraction of the `test_images` that are classified correctly. */
  test_accuracy: number;
  test_images: number;
  /** On the test images; absent in files of earlier builds. */
  expected_calibration_error?: number;
  class_names: readonly string[];
  /** The weights of the model: their iteration, whether they are EMA weights if there are any, and their digest. */
  step: number;
  ema: boolean;
  weights: string;
}

const FORMAT = 'agenet probe 2';

/** Encodes a safetensors file with the origin as metadata. */
export function encodeProbe({ name, probe, origin }: SavedProbe): Uint8Array {
  const metadata = { format: FORMAT, name, method: probe.method, origin: JSON.stringify(origin) };
  return encodeSafetensors({ tensors: tensorsOf(probe), metadata });
}

function tensorsOf(probe: FittedProbe): TensorFile['tensors'] {
  const { classes } = probe;
  const vector = (data: Float32Array) => ({ shape: [data.length], data });
  const rows = (data: Float32Array, count: number) => ({ shape: [count, data.length / count], data });
  if (probe.method === 'knn')
    return { codes: rows(probe.codes, probe.labels.length), labels: vector(Float32Array.from(probe.labels)) };
  if ('weights' in probe) {
    const { parameters, statistics, head } = probe.weights;
    return { parameters: vector(parameters), statistics: vector(statistics), head: rows(head, head.length / classes) };
  }
  return { parameters: rows(probe.parameters, classes) };
}

/**
 * @param file name for messages
 * @throws {InputError} if the bytes are not a probe, corrupt, or of an older version
 */
export function decodeProbe(bytes: Uint8Array, file: string): SavedProbe {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const { format, name } = metadata;
  const method = PROBE_METHODS.find((each) => each === metadata.method);
  const remedy = 'recreate it with agenet probe --save';
  if (format !== FORMAT || name === undefined || method === undefined)
    throw new InputError(file, 'not a probe of this version of agenet', remedy);
  const origin = parseOrigin(metadata.origin ?? '');
  const probe = origin && probeOf(method, tensors, origin.class_names.length);
  if (origin === undefined || probe === undefined) throw new InputError(file, 'corrupt probe', remedy);
  return { name, probe, origin };
}

/** Returns undefined if shapes do not match or a value is not finite. */
function probeOf(method: ProbeMethod, tensors: TensorFile['tensors'], classes: number): FittedProbe | undefined {
  if (!Object.values(tensors).every(({ data }) => data.every(Number.isFinite))) return undefined;
  if (method === 'knn') return neighborFitOf(tensors, classes);
  const { parameters, statistics, head } = tensors;
  if (method === 'finetune' || method === 'supervised') {
    if (!parameters || !statistics || head?.shape[1] !== classes) return undefined;
    const weights = { parameters: parameters.data, statistics: statistics.data, head: head.data };
    return { method, classes, weights };
  }
  if (parameters?.shape.length !== 2 || parameters.shape[0] !== classes) return undefined;
  return { method, classes, parameters: parameters.data };
}

function neighborFitOf({ codes, labels }: TensorFile['tensors'], classes: number): FittedProbe | undefined {
  if (codes?.shape.length !== 2 || labels === undefined || codes.shape[0] !== labels.data.length) return undefined;
  return { method: 'knn', classes, codes: codes.data, labels: Uint32Array.from(labels.data) };
}

function parseOrigin(text: string): ProbeOrigin | undefined {
  try {
    const origin = JSON.parse(text) as ProbeOrigin | null;
    return Array.isArray(origin?.class_names) && origin.class_names.length > 1 ? origin : undefined;
  } catch {
    return undefined;
  }
}
