import type { DivergenceOptions } from '../age/divergences.js';
import type { Prior } from '../age/prior.js';
import type { ImageBatch } from '../images/raster.js';
import type { Features } from '../numerics/features.js';
import type { CompareImages, EvaluationContext, Need } from './evaluationContext.js';

/** The conditions of an evaluation, as its file stores them. */
export type Protocol = Record<string, unknown>;

export interface Condition {
  name: string;
  /** Undefined if it was not recorded. */
  key: (protocol: Protocol) => unknown;
  text: (protocol: Protocol) => string;
}

export const protocolValue = (name: string, key: Condition['key']): Condition => ({
  name,
  key,
  text: (protocol) => formatValue(key(protocol)),
});

function formatValue(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const parts = Object.entries(value).map(([name, each]) => `${name.replaceAll('_', ' ')} ${formatValue(each)}`);
  return parts.join(', ');
}

/** The same name may refer to different images. */
function imageSet(name: string, splitOf: (protocol: Protocol) => string): Condition {
  const digestIn = (protocol: Protocol) => (protocol.digests as Protocol | undefined)?.[splitOf(protocol)];
  const text = (protocol: Protocol) => {
    const size = [...(protocol.size as readonly number[]), protocol.channels].join('x');
    return `${String(protocol.data)} ${splitOf(protocol)} at ${size} (${String(digestIn(protocol)).slice(0, 8)})`;
  };
  return { name, key: digestIn, text };
}

/** Raw weights compare with EMA only in runs without EMA, which sample with them. */
const weights: Condition = {
  name: 'weights',
  key: ({ weights, ema_decay: decay }) =>
    weights === 'ema' || decay === 0 ? 'default' : decay === undefined ? undefined : 'raw',
  text: ({ weights, ema_decay: decay }) =>
    weights === 'ema' ? 'EMA' : decay === 0 ? 'raw (run without EMA)' : 'raw instead of EMA',
};

const extractorIn = (protocol: Protocol) => (protocol.extractor ?? {}) as Protocol;

const extractor: Condition = {
  name: 'feature extractor',
  key: (protocol) => {
    const { name, digest } = extractorIn(protocol);
    return digest === undefined ? undefined : [name, digest];
  },
  text: (protocol) => {
    const { name, digest } = extractorIn(protocol);
    return `${String(name)}${typeof digest === 'string' ? ` [weights ${digest.slice(0, 8)}]` : ''}`;
  },
};

/** A count matters if the expectation depends on it, as for FID; not for the unbiased KID and means over images. */
export const CONDITIONS = {
  images: imageSet('image set', ({ split }) => split as string),
  trainingSet: imageSet('training set', () => 'train'),
  heldOutSet: imageSet('held-out set', () => 'test'),
  imageCount: protocolValue('image count', ({ images }) => images),
  sampleCount: protocolValue('sample count', ({ samples }) => samples),
  refinement: protocolValue('refinement', ({ refine = 0, refine_noise: noise, guidance, drawn_from: from }) =>
    from !== 'density' && noise === undefined && guidance === undefined ? refine : { refine, noise, guidance, from },
  ),
  codes: protocolValue('latent space', ({ codes }) => codes),
  extractor,
  weights,
} as const;

/** In the order of tables. */
export const METRIC_GROUPS = ['reconstruction', 'samples', 'latent', 'memorization'] as const;
export type MetricGroup = (typeof METRIC_GROUPS)[number];

export interface MetricDefinition {
  name: string;
  meaning: string;
  better: 'higher' | 'lower' | 'none';
  range: string;
  /** Of a perfect model, or as measured. */
  goodValue: string;
  /** Publication or formula. */
  reference: string;
  /** Conditions besides the model that must agree. */
  dependsOn: readonly Condition[];
  /** Whether models of this configuration have the metric (default: yes). */
  isDefinedFor?: (
    model: Pick<DivergenceOptions, 'divergence'> & { prior: Prior; classes?: readonly string[]; condition?: string },
  ) => boolean;
}

/** Images that an evaluation writes, as a grid. */
export interface GridImages {
  images: ImageBatch;
  columns: number;
}

type Values = Record<string, number>;

export interface MetricResult {
  /** Those requested that the model and the extractor support. */
  metrics: Values;
  /** Conditions besides the model. */
  protocol?: Protocol;
  /** Further results, such as moments of codes. */
  details?: Record<string, unknown>;
  /** By the name of their files, such as samples next to their nearest training images. */
  grids?: Record<string, GridImages>;
}

type Dependencies = readonly (Condition | keyof typeof CONDITIONS)[];
type OwnDefinition = Omit<MetricDefinition, 'name' | 'dependsOn'> & { dependsOn?: Dependencies };
type Definitions = Record<string, OwnDefinition>;

interface EntryBase {
  group: MetricGroup;
  /** Of each metric, before its own. */
  dependsOn: Dependencies;
  metrics: Definitions;
}

export interface ReconstructionEntry extends EntryBase {
  compareImages: CompareImages;
}

export interface FeatureEntry extends EntryBase {
  /** Whether training and test images are compared as a reference. */
  hasReference: boolean;
  compareFeatures: (real: Features, generated: Features, seed: number) => MetricResult;
}

export interface ContextEntry extends EntryBase {
  needs: readonly Need[];
  compute: (context: EvaluationContext) => Promise<MetricResult>;
}

export type MetricEntry = ReconstructionEntry | FeatureEntry | ContextEntry;

export const isOnSphere = ({ prior }: { prior: Prior }) => prior === 'sphere';

/** A metric of codes e(x) of images, and of codes e(g(z)) of samples. */
export function realAndFake(definitions: Definitions): Definitions {
  const variants = Object.entries(definitions).map(([name, { meaning, ...rest }]): Definitions => {
    const [real, fake] = [`${meaning}, for codes e(x) of images`, `${meaning}, for codes e(g(z)) of samples`];
    return {
      [`${name}_real`]: { ...rest, meaning: real, dependsOn: ['images', 'imageCount'] },
      [`${name}_fake`]: { ...rest, meaning: fake, dependsOn: ['trainingSet', 'sampleCount'] },
    };
  });
  return Object.assign({}, ...variants) as Definitions;
}

export function realAndFakeValues(real: Values, fake: Values): Values {
  const named = (values: Values, suffix: string) =>
    Object.entries(values).map(([name, value]) => [`${name}_${suffix}`, value] as const);
  return Object.fromEntries([...named(real, 'real'), ...named(fake, 'fake')]);
}
