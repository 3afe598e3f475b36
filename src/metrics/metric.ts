import type { DivergenceOptions } from '../age/divergences.js';
import type { Prior } from '../age/prior.js';
import type { ImageBatch } from '../images/raster.js';
import type { Features } from '../numerics/features.js';
import type { Condition, CONDITIONS } from './conditions.js';
import type { CompareImages, EvaluationContext, Need } from './evaluationContext.js';

/** Groups of metrics in the order of tables. */
export const METRIC_GROUPS = ['reconstruction', 'samples', 'latent', 'memorization'] as const;
export type MetricGroup = (typeof METRIC_GROUPS)[number];

export interface MetricDefinition {
  readonly name: string;
  /** One sentence. */
  readonly meaning: string;
  readonly better: 'higher' | 'lower' | 'none';
  /** With the unit. */
  readonly range: string;
  /** Of a perfect model, or as measured. */
  readonly goodValue: string;
  /** Publication or formula. */
  readonly reference: string;
  /** Conditions besides the model under which values are comparable. */
  readonly dependsOn: readonly Condition[];
  /** Whether models of this objective have the metric (default: yes). */
  readonly isDefinedFor?: (objective: Pick<DivergenceOptions, 'divergence'> & { readonly prior: Prior }) => boolean;
}

/** A grid that an evaluation writes in addition to its values. */
export interface GridImages {
  readonly images: ImageBatch;
  readonly columns: number;
}

export interface MetricResult {
  /** An evaluation drops those that were not requested. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Conditions of the values. */
  readonly protocol?: Readonly<Record<string, unknown>>;
  readonly details?: Readonly<Record<string, unknown>>;
  /** By the name of their files. */
  readonly grids?: Readonly<Record<string, GridImages>>;
}

type Dependencies = readonly (Condition | keyof typeof CONDITIONS)[];
type OwnDefinition = Omit<MetricDefinition, 'dependsOn'> & { readonly dependsOn?: Dependencies };

/** Metrics that are computed together. */
interface EntryBase {
  readonly group: MetricGroup;
  /** Of all metrics, before their own. */
  readonly dependsOn: Dependencies;
  readonly metrics: readonly OwnDefinition[];
}

/** Means over images, computed one chunk at a time. */
export interface ReconstructionEntry extends EntryBase {
  readonly compareImages: CompareImages;
}

export interface FeatureEntry extends EntryBase {
  /** Whether training and test images are compared as a reference. */
  readonly hasReference: boolean;
  readonly compareFeatures: (real: Features, generated: Features, seed: number) => MetricResult;
}

export interface ContextEntry extends EntryBase {
  readonly needs: readonly Need[];
  readonly compute: (context: EvaluationContext) => Promise<MetricResult>;
}

export type MetricEntry = ReconstructionEntry | FeatureEntry | ContextEntry;

export const isOnSphere = ({ prior }: { readonly prior: Prior }) => prior === 'sphere';

/** A metric of codes e(x) of images, and of codes e(g(z)) of samples. */
export const realAndFake = ({ name, meaning, ...rest }: OwnDefinition): OwnDefinition[] => [
  {
    ...rest,
    name: `${name}_real`,
    meaning: `${meaning}, for codes e(x) of images`,
    dependsOn: ['images', 'imageCount'],
  },
  {
    ...rest,
    name: `${name}_fake`,
    meaning: `${meaning}, for codes e(g(z)) of samples`,
    dependsOn: ['trainingSet', 'sampleCount'],
  },
];

export const realAndFakeValues = (
  real: Readonly<Record<string, number>>,
  fake: Readonly<Record<string, number>>,
): Record<string, number> =>
  Object.fromEntries(
    Object.entries({ real, fake }).flatMap(([suffix, values]) =>
      Object.entries(values).map(([name, value]) => [`${name}_${suffix}`, value]),
    ),
  );
