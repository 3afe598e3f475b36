import { decodeSafetensors, encodeSafetensors, type TensorFile } from '../engine/index.js';
import { InputError } from '../errors.js';
import { type FittedProbe, type NetworkFit, PROBE_METHODS } from './fittedProbe.js';

/** A fitted probe under a name, and where it comes from. */
export interface SavedProbe {
  readonly name: string;
  readonly probe: FittedProbe;
  readonly origin: ProbeOrigin;
}

export interface ProbeOrigin {
  /** What the user called the data. */
  readonly data: string;
  /** How many labels it was fitted on, and the seed that drew them. */
  readonly labels: number;
  readonly seed: number;
  /** The part of so many test labels that it meets. */
  readonly testAccuracy: number;
  readonly testImages: number;
  /** What the classes are called, by number. */
  readonly classNames: readonly string[];
  /** The iteration of the weights that it belongs to, whether these were the raw ones rather than their averages, and a digest of them. */
  readonly step: number;
  readonly raw: boolean;
  readonly weights: string;
}

const FORMAT = 'agenet probe 1';

/** The bytes of a safetensors file; its metadata say where the probe comes from. */
export function encodeProbe({ name, probe, origin }: SavedProbe): Uint8Array {
  const metadata = { format: FORMAT, name, method: probe.method, origin: JSON.stringify(origin) };
  return encodeSafetensors({ tensors: tensorsOf(probe), metadata });
}

function tensorsOf(probe: FittedProbe): TensorFile['tensors'] {
  const { classes } = probe;
  const vector = (data: Float32Array) => ({ shape: [data.length], data });
  const rows = (data: Float32Array, count: number) => ({ shape: [count, data.length / count], data });
  if (probe.method === 'knn') return { codes: rows(probe.codes, probe.labels.length), labels: vector(Float32Array.from(probe.labels)) };
  if ('weights' in probe) {
    const { parameters, statistics, head } = probe.weights;
    return { parameters: vector(parameters), statistics: vector(statistics), head: rows(head, head.length / classes) };
  }
  return { parameters: rows(probe.parameters, classes) };
}

/**
 * Reads what `encodeProbe` wrote.
 * @param file what messages call it
 * @throws InputError for anything else, and for damaged files
 */
export function decodeProbe(bytes: Uint8Array, file: string): SavedProbe {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const { format, name } = metadata;
  const method = PROBE_METHODS.find((each) => each === metadata.method);
  const remedy = 'make it anew with agenet probe --save';
  if (format !== FORMAT || name === undefined || method === undefined) throw new InputError(`${file}: not a probe of this program; ${remedy}`);
  const origin = parseOrigin(metadata.origin ?? '');
  const probe = origin && probeOf(method, tensors, origin.classNames.length);
  if (origin === undefined || probe === undefined) throw new InputError(`${file}: a damaged probe; ${remedy}`);
  return { name, probe, origin };
}

/** A probe made of its tensors; undefined where they do not fit together, or are not finite. */
function probeOf(method: FittedProbe['method'], tensors: TensorFile['tensors'], classes: number): FittedProbe | undefined {
  if (!Object.values(tensors).every(({ data }) => data.every(Number.isFinite))) return undefined;
  if (method === 'knn') return neighbourFitOf(tensors, classes);
  if (method === 'finetune' || method === 'supervised') return networkFitOf(method, tensors, classes);
  const { parameters } = tensors;
  return parameters?.shape.length === 2 && parameters.shape[0] === classes ? { method, classes, parameters: parameters.data } : undefined;
}

function neighbourFitOf({ codes, labels }: TensorFile['tensors'], classes: number): FittedProbe | undefined {
  if (codes?.shape.length !== 2 || labels === undefined || codes.shape[0] !== labels.data.length) return undefined;
  return { method: 'knn', classes, codes: codes.data, labels: Uint32Array.from(labels.data) };
}

function networkFitOf(method: NetworkFit['method'], { parameters, statistics, head }: TensorFile['tensors'], classes: number): FittedProbe | undefined {
  if (!parameters || !statistics || head?.shape[1] !== classes) return undefined;
  return { method, classes, weights: { parameters: parameters.data, statistics: statistics.data, head: head.data } };
}

function parseOrigin(text: string): ProbeOrigin | undefined {
  try {
    const origin = JSON.parse(text) as ProbeOrigin | null;
    return Array.isArray(origin?.classNames) && origin.classNames.length > 1 ? origin : undefined;
  } catch {
    return undefined;
  }
}
