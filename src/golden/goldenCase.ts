import { z } from 'zod';
import type { TensorFile } from '../engine/index.js';
import { InputError } from '../errors.js';
import { ARCHITECTURE_NAMES, type ArchitectureName, ARCHITECTURES } from '../networks/dcgan.js';
import type { NetworkName, NetworkPair } from '../networks/network.js';
import { DISTANCES } from '../age/distance.js';
import { MOMENTS, REDUCTIONS } from '../age/divergence.js';
import type { Objective } from '../age/losses.js';
import type { Term } from '../age/plan.js';
import { PRIORS } from '../age/prior.js';
import type { UpdateSpec } from '../age/update.js';

/** The configuration of a golden file, under the names that its writer gave it. */
const caseSchema = z.object({
  arch: z.enum(ARCHITECTURE_NAMES as [ArchitectureName, ...ArchitectureName[]]),
  nf: z.int().positive(),
  nz: z.int().positive(),
  nc: z.int().positive(),
  batch: z.int().positive(),
  moment: z.enum(MOMENTS),
  reduce: z.enum(REDUCTIONS),
  direction: z.enum(['qp', 'pq']),
  criterion: z.enum(['gaussian', 'nearest']),
  match_x: z.enum(DISTANCES),
  match_z: z.enum(DISTANCES),
  noise: z.enum(PRIORS),
  e_kl_real: z.number().default(0),
  e_kl_fake: z.number().default(0),
  e_match_x: z.number().default(0),
  e_match_z: z.number().default(0),
  g_kl_fake: z.number().default(0),
  g_match_z: z.number().default(0),
  g_match_x: z.number().default(0),
});

const adamSchema = z.object({ lr: z.number(), beta1: z.number(), beta2: z.number(), eps: z.number(), step: z.int().positive() });

/** A golden file's configuration in this project's terms. */
export interface GoldenCase {
  readonly pair: NetworkPair;
  readonly objective: Objective;
  readonly batch: number;
  readonly latent: number;
  readonly updates: readonly UpdateSpec[];
  /** Expected loss terms, as `encoder.KL_real`. */
  readonly losses: Readonly<Record<string, number>>;
  readonly adam: { readonly learningRate: number; readonly beta1: number; readonly beta2: number; readonly epsilon: number; readonly step: number } | undefined;
}

/** Reads the metadata of a golden file. Throws InputError where they are missing or do not fit. */
export function readGoldenCase({ metadata }: TensorFile, file: string): GoldenCase {
  const part = <T>(key: string, schema: z.ZodType<T>): T => {
    const parsed = schema.safeParse(parseJson(metadata[key]));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new InputError(
      `${file}: not a golden file, its metadata "${key}" ${issue!.path.length > 0 ? `have a wrong ${issue!.path.join('.')}` : 'are missing'} (${issue!.message})`,
    );
  };
  const golden = part('case', caseSchema);
  const losses = renameTerms(part('losses', z.record(z.string(), z.number())));
  const adam = metadata.adam === undefined ? undefined : part('adam', adamSchema);
  return {
    pair: ARCHITECTURES[golden.arch].build({ channels: golden.nc, latentSize: golden.nz, width: golden.nf }),
    objective: {
      prior: golden.noise,
      divergence: golden.criterion === 'nearest' ? 'nearest' : golden.direction,
      moment: golden.moment,
      reduction: golden.reduce,
      matchX: golden.match_x,
      matchZ: golden.match_z,
    },
    batch: golden.batch,
    latent: golden.nz,
    updates: [
      updateKind('encoder', { KL_real: golden.e_kl_real, KL_fake: golden.e_kl_fake, match_x: golden.e_match_x, match_z: golden.e_match_z }, losses),
      updateKind('generator', { KL_fake: golden.g_kl_fake, match_x: golden.g_match_x, match_z: golden.g_match_z }, losses),
    ],
    losses,
    adam: adam && { learningRate: adam.lr, beta1: adam.beta1, beta2: adam.beta2, epsilon: adam.eps, step: adam.step },
  };
}

/** A term that the file lists was computed by its writer, also where its weight is 0. */
function updateKind(network: NetworkName, weights: Partial<Record<Term, number>>, losses: Readonly<Record<string, number>>): UpdateSpec {
  const monitored = (Object.keys(weights) as Term[]).filter((term) => `${network}.${term}` in losses);
  return { network, plan: { updates: 1, weights }, monitored };
}

const renameTerms = (losses: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(losses).map(([name, value]) => [name.replace('.kl_', '.KL_'), value]));

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}
