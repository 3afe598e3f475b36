/** Images of the data, and their codes, computed in the background. */
import { useEffect, useState } from 'preact/hooks';
import { messageOf } from '../../../src/errors.js';
import type { NamedCode } from '../../components/explore/explored.js';
import { formatNumber } from '../format.js';
import type { ExploredModel } from './model.js';

/** Some images of the data that a run was trained on. */
export interface ExploreData {
  /** Bytes [N, C, H, W]. */
  images: Uint8Array;
  /** Class of each image [N], or null without labels. */
  labels: readonly number[] | null;
  classNames: readonly string[] | null;
}

/** Images with their codes. */
export interface EncodedData extends ExploreData {
  /** N. */
  count: number;
  /** [N, M]. */
  codes: Float32Array;
  /** Of a conditional model, the conditions that the images were encoded with, [N, K]. */
  conditions?: Float32Array | undefined;
}

/** The encoded data; until then, the progress or the failure, or the command for a studio that offers them. */
export type DataState =
  { encoded: EncodedData } | { encoded?: undefined; message: string; isFailure: boolean; offer?: string };

/**
 * Milliseconds per batch of images, and the pause after it while the visitor drags, so that few cores keep up with
 * both.
 */
const [BATCH_MS, REST_MS] = [6, 24];
const MAX_BATCH = 32;
/** Milliseconds between reports of progress. */
const REPORT_MS = 100;

const LOADING: DataState = { message: 'Loading images of the data…', isFailure: false };

/** Loads and encodes data. */
export function useEncodedData(
  model: ExploredModel | undefined,
  source: { loadData: () => Promise<ExploreData>; offer?: string | null } | undefined,
): DataState {
  const [state, setState] = useState<DataState>(LOADING);
  const { loadData, offer } = source ?? {};
  useEffect(() => {
    if (typeof offer === 'string') return setState({ message: '', isFailure: false, offer });
    if (!model || !loadData) return;
    let isCurrent = true;
    setState(LOADING);
    const encode = async (): Promise<void> => {
      const data = await loadData();
      const encoded = await encodeImages(model, data, (done, count) => {
        if (isCurrent)
          setState({
            message: `Encoding images of the data: ${formatNumber(done)} of ${formatNumber(count)}`,
            isFailure: false,
          });
        return isCurrent;
      });
      if (isCurrent && encoded) setState({ encoded });
    };
    encode().catch(
      (error: unknown) =>
        isCurrent && setState({ message: `Images of the data: ${messageOf(error)}`, isFailure: true }),
    );
    return () => (isCurrent = false);
  }, [model, loadData, offer]);
  return state;
}

/**
 * Encodes images in small batches.
 * @param onProgress called now and then; encoding ends when it returns false
 */
async function encodeImages(
  { encode, isGenerating, info: { shape, latent } }: ExploredModel,
  data: ExploreData,
  onProgress: (done: number, count: number) => boolean,
): Promise<EncodedData | undefined> {
  const size = shape[0] * shape[1] * shape[2];
  const count = data.images.length / size;
  if (!Number.isInteger(count))
    throw new Error(`expected images of ${size} bytes each but got ${data.images.length} bytes`);
  const codes = new Float32Array(count * latent);
  const conditions: Float32Array[] = [];
  let [batch, reported] = [1, -Infinity];
  for (let first = 0; first < count;) {
    const start = performance.now();
    if (start - reported > REPORT_MS) {
      if (!onProgress(first, count)) return undefined;
      reported = start;
    }
    const part = data.images.slice(first * size, (first + batch) * size);
    const encoded = await encode(part);
    codes.set(encoded.codes, first * latent);
    if (encoded.conditions) conditions.push(encoded.conditions);
    first += batch;
    const elapsed = performance.now() - start;
    batch = Math.max(1, Math.min(MAX_BATCH, Math.round((batch * BATCH_MS) / elapsed)));
    if (isGenerating()) await new Promise((resolve) => setTimeout(resolve, REST_MS));
  }
  if (!codes.every(Number.isFinite)) throw new Error('some codes are NaN or infinite; choose an earlier checkpoint');
  return { ...data, count, codes, ...(conditions.length > 0 && { conditions: joined(conditions) }) };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** The code of an image of the data. */
export function codeAt(data: EncodedData, index: number): NamedCode {
  const rowOf = (rows: Float32Array): Float32Array =>
    rows.slice((index * rows.length) / data.count, ((index + 1) * rows.length) / data.count);
  const condition = data.conditions && rowOf(data.conditions);
  return { name: imageName(data, index), code: rowOf(data.codes), distance: 0, condition };
}

/** An image [C, H, W] of the data, in 0..1. */
export function imageAt({ images, count }: EncodedData, index: number): Float32Array {
  const size = images.length / count;
  const image = new Float32Array(size);
  // A loop: `Float32Array.from` is ten times slower, and panels show many images at once.
  for (let element = 0; element < size; element++) image[element] = images[index * size + element]! / 255;
  return image;
}

/** The names of all classes. */
export function classesOf({ labels, classNames }: ExploreData): readonly string[] {
  const count = labels?.reduce((most, label) => Math.max(most, label + 1), classNames?.length ?? 0) ?? 0;
  return Array.from({ length: count }, (_, label) => classNames?.[label] ?? String(label));
}

/** The name of an image of the data, with its class. */
export function imageName(data: ExploreData, index: number): string {
  const label = data.labels?.[index];
  return `image ${index + 1}${label === undefined ? '' : ` (${data.classNames?.[label] ?? `class ${label}`})`}`;
}
