/** Where each term of the losses pushes codes and samples: its negative gradient, for a few points. */
import { LOSSES, type PassName } from '../../../src/age/losses.js';
import { gradients, type Graph, graphOf, input, type Value } from '../../../src/engine/index.js';
import { latticeOf } from './lattice.js';
import { OBJECTIVE, PLANE_BATCH, type PlaneModel } from './model.js';
import type { LabeledPoints } from './shapes.js';
import { type Push, PUSH_TERMS, type PushedPlace, type PushKind, type PushTerm, type PlaneWeights } from './terms.js';
import { conditionOf, networksOf } from './view.js';

export const PUSH_KINDS: readonly PushKind[] = [
  { network: 'encoder', term: 'KL_real', on: 'realCodes' },
  { network: 'encoder', term: 'match_x', on: 'realCodes' },
  { network: 'encoder', term: 'KL_fake', on: 'fakeCodes' },
  { network: 'generator', term: 'KL_fake', on: 'fakeCodes' },
  { network: 'generator', term: 'match_z', on: 'fakeCodes' },
  { network: 'generator', term: 'KL_fake', on: 'fake' },
  { network: 'generator', term: 'match_z', on: 'fake' },
  { network: 'generator', term: 'match_x', on: 'reconstruction' },
];

/** One of so many points of a batch has arrows. */
export const ARROW_EVERY = 16;

/** The inputs of `pushGraph` other than parameters: data, and codes that are spread over the prior. */
export const pushedPoints = ({ latent }: PlaneModel, { points }: LabeledPoints) => ({
  x: points.slice(0, 2 * PLANE_BATCH),
  z: latticeOf(latent, PLANE_BATCH),
});

const gradientName = (term: PushTerm, on: PushedPlace): string => `${term} ${on}`;

/**
 * The places themselves, and the gradient of each unweighted term with respect to them. Gradients of `fake` go through
 * the encoder, those of `realCodes` through the generator.
 */
export function pushGraph(model: PlaneModel, { labels }: LabeledPoints): Graph {
  const { vectors, functions } = networksOf(model);
  const x = input('x', [PLANE_BATCH, 2]);
  const z = input('z', [PLANE_BATCH, model.latent]);
  const yOfData = conditionOf(model, labels.slice(0, PLANE_BATCH));
  const yOfSamples = conditionOf(
    model,
    Uint8Array.from({ length: PLANE_BATCH }, (_, index) => index % 2),
  );
  const realCodes = functions.encode({ x, ...yOfData }, { kind: 'native' });
  const fake = functions.generate({ z, ...yOfSamples }, { kind: 'native' });
  const passes: Record<PushedPlace, Value> = {
    realCodes,
    reconstruction: functions.generate({ z: realCodes, ...yOfData }, { kind: 'generated' }),
    fake,
    fakeCodes: functions.encode({ x: fake, ...yOfSamples }, { kind: 'generated' }),
  };
  const outputs: Record<string, Value> = { ...passes };
  for (const term of PUSH_TERMS) {
    const places = PUSH_KINDS.filter((kind) => kind.term === term).map(({ on }) => on);
    const value = LOSSES[term].value(passes as Record<PassName, Value>, OBJECTIVE, { x, z });
    gradients(
      value,
      places.map((on) => passes[on]),
    ).forEach((gradient, index) => (outputs[gradientName(term, places[index]!)] = gradient));
  }
  return graphOf(outputs, [...vectors, x, z]);
}

/**
 * The pushes of all weighted terms. Gradients of means are those of one point after multiplying by the batch.
 * @param results of `pushGraph`
 */
export function pushesOf(
  results: Record<string, Float32Array>,
  weights: PlaneWeights,
  latent: number,
): readonly Push[] {
  return PUSH_KINDS.map((kind) => {
    const { network, term, on } = kind;
    const isCode = on === 'realCodes' || on === 'fakeCodes';
    const width = isCode ? latent : 2;
    const factor = -LOSSES[term].signs[network]! * (weights[network] as Record<PushTerm, number>)[term] * PLANE_BATCH;
    const from = everyOf(results[on]!, width);
    const by = everyOf(results[gradientName(term, on)]!, width).map((value) => factor * value);
    return { ...kind, from, by: isCode ? alongSphere(from, by, width) : by };
  });
}

/** Every so many rows [N, width]. */
const everyOf = (rows: Float32Array, width: number): Float32Array =>
  rows.filter((_, index) => Math.floor(index / width) % ARROW_EVERY === 0);

/** The part of vectors that moves points of the sphere: codes are normalized, so their norm never changes. */
function alongSphere(points: Float32Array, vectors: Float32Array, width: number): Float32Array {
  return vectors.map((value, index) => {
    const first = index - (index % width);
    let inner = 0;
    for (let axis = 0; axis < width; axis++) inner += points[first + axis]! * vectors[first + axis]!;
    return value - inner * points[index]!;
  });
}
