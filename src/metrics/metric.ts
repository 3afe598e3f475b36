import type { DivergenceOptions } from '../age/divergences.js';
import type { Prior } from '../age/prior.js';
import type { ImageBatch } from '../images/raster.js';
import type { Features } from '../numerics/features.js';
import { type Condition, CONDITIONS } from './conditions.js';
import type { CompareImages, EvaluationContext, Need } from './evaluationContext.js';

/** Groups of metrics in the order of tables. */
export const METRIC_GROUPS = ['reconstruction', 'samples', 'latent', 'memorization'] as const;
export type MetricGroup = (typeof METRIC_GROUPS)[number];

export interface MetricDefinition {
  readonly name: string;
  /** One sentence for help and documentation. */
  readonly meaning: string;
  readonly better: 'higher' | 'lower' | 'none';
  /** Possible values, with their unit. */
  readonly range: string;
  /** What the definition gives for a perfect model, or what was measured, and where. */
  readonly goodValue: string;
  /** Publication or formula that defines the metric. */
  readonly reference: string;
  /** Conditions besides the model that have to agree for values to be comparable. */
  readonly dependsOn: readonly Condition[];
  /** Whether models trained with this objective have the metric (default: all do). */
  readonly isDefinedFor?: (objective: {
    readonly prior: Prior;
    readonly divergence: DivergenceOptions['divergence'];
  }) => boolean;
}

/** Images that an evaluation writes in addition to its values, as a grid. */
export interface GridImages {
  readonly images: ImageBatch;
  readonly columns: number;
}

export interface MetricResult {
  /** Values by name; an evaluation drops those that were not requested. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Entries of the protocol that the values depend on. */
  readonly protocol?: Readonly<Record<string, unknown>>;
  /** Further results for the evaluation file. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** By the name of their files. */
  readonly grids?: Readonly<Record<string, GridImages>>;
}

interface EntryBase {
  readonly group: MetricGroup;
  readonly metrics: readonly MetricDefinition[];
}

/** Metrics of reconstructions, means over images, computed one chunk at a time. */
export interface ReconstructionEntry extends EntryBase {
  readonly compareImages: CompareImages;
}

/** Metrics that compare features of samples with features of images. */
export interface FeatureEntry extends EntryBase {
  /** Whether training and test images are compared in the same way, as a reference for the values. */
  readonly hasReference: boolean;
  readonly compareFeatures: (real: Features, generated: Features, seed: number) => MetricResult;
}

export interface ContextEntry extends EntryBase {
  readonly needs: readonly Need[];
  readonly compute: (context: EvaluationContext) => Promise<MetricResult>;
}

/** Metrics that are computed together. */
export type MetricEntry = ReconstructionEntry | FeatureEntry | ContextEntry;

/** A metric of codes, once for the codes e(x) of images and once for the codes e(g(z)) of samples. */
export function realAndFake({
  name,
  meaning,
  dependsOn = [],
  ...rest
}: Omit<MetricDefinition, 'dependsOn'> & Partial<MetricDefinition>): MetricDefinition[] {
  const { codes, images, imageCount, sampleCount, trainingSet } = CONDITIONS;
  const variant = (suffix: string, subject: string, ...conditions: readonly Condition[]) => ({
    ...rest,
    name: `${name}${suffix}`,
    meaning: `${meaning}, for codes ${subject}`,
    dependsOn: [codes, ...dependsOn, ...conditions],
  });
  return [
    variant('_real', 'e(x) of images', images, imageCount),
    variant('_fake', 'e(g(z)) of samples', trainingSet, sampleCount),
  ];
}

/** Appends a suffix to names. */
export const withSuffix = (metrics: Readonly<Record<string, number>>, suffix: string): Record<string, number> =>
  Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`${name}${suffix}`, value]));
