/** Validate and describe the API; pages use their types. */
import { z } from 'zod';
import { RUN_STATES } from './states.js';

export const iteration = z.int().min(0);
export const values = z.record(z.string(), z.number());

export const listedRun = z.object({
  id: z.string().describe('Path of the run folder from the folder of the studio, with /'),
  state: z.enum(RUN_STATES),
  reason: z.string().nullable().describe('Why the run failed or was interrupted'),
  warning: z.string().nullable().describe('Whether codes have collapsed'),
  step: iteration.describe('Iterations done'),
  totalSteps: iteration.nullable().describe('Iterations in all, if they are known'),
  secondsLeft: z.number().nullable().describe('Estimated seconds until the end of a run that trains'),
  metrics: values.describe('Means of the last 50 logged iterations, and the latest values of evaluations, by name'),
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  data: z.string(),
  model: z.string().describe('Network, width and latent dimensions'),
  updated: z.number().describe('Time of the last change, in milliseconds since 1970'),
  preview: iteration.nullable().describe('Iteration of the newest previews'),
  checkpoint: iteration.nullable().describe('Iteration of the newest checkpoint'),
  journalBytes: z.int().describe('Length of its journal, which grows whenever something happens'),
  tags: z.array(z.string()),
  note: z.string(),
});
export type ListedRun = z.infer<typeof listedRun>;

export const runDetail = z.object({
  summary: listedRun,
  configuration: z.record(z.string(), z.unknown()).nullable(),
  changed: z.array(z.string()).describe('Names of settings that differ from the defaults for the data'),
  command: z.string().describe('The command that resumes the run'),
  offer: z
    .string()
    .nullable()
    .describe('The command for a studio that offers the data of the run; null if this one does'),
  previews: z.array(iteration).describe('Iterations with samples, reconstructions and codes'),
  checkpoints: z.array(iteration),
  journal: z.array(z.looseObject({ time: z.string(), type: z.string() })),
  metrics: z.array(
    z.object({
      name: z.string(),
      value: z.number().nullable(),
      description: z.string(),
      better: z.enum(['lower', 'higher']).nullable(),
    }),
  ),
  metricsStep: iteration.nullable().describe('Iteration of the evaluated checkpoint'),
});
export type RunDetail = z.infer<typeof runDetail>;

const columns = z.record(z.string(), z.array(z.number().nullable()));

/** All entries, or the minimum and maximum of each stretch. */
export const curves = z.object({
  steps: z.array(iteration),
  values: columns,
  means: columns.optional().describe('Means of the stretches, if values are extremes'),
});
export type Curves = z.infer<typeof curves>;

export const dataInfo = z.object({
  count: z.int().min(0),
  shape: z.tuple([z.int(), z.int(), z.int()]).describe('Channels, height and width'),
  labels: z.array(z.int()).nullable(),
  classNames: z.array(z.string()).nullable(),
});
export type DataInfo = z.infer<typeof dataInfo>;

/** Files in the studio's folder, and devices in Windows. */
const RESERVED = /^(?:uploads|config\.json|con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/iu;
/** File systems allow 255, of which temporary names take some. */
const MAX_BYTES = 200;

/** Of a run, or of uploaded data. */
export const runName = z
  .string()
  .regex(
    /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u,
    'must be letters, digits, "_", "-" and ".", such as mnist-1, and begin with a letter, digit or "_"',
  )
  .refine((name) => !RESERVED.test(name) && !name.endsWith('.'), 'is reserved; choose another name')
  .refine((name) => new TextEncoder().encode(name).length <= MAX_BYTES, `must have at most ${MAX_BYTES} bytes`);

export const dataSet = z.object({
  name: z.string().describe('Its name in requests'),
  upload: z
    .object({ name: runName, images: z.int(), bytes: z.int() })
    .nullable()
    .describe('Its name in requests that add images or delete it, and its size, if it was uploaded'),
});
export type DataSet = z.infer<typeof dataSet>;

export const dataCounts = z.object({
  name: z.string(),
  size: z.array(z.int()),
  channels: z.int(),
  train: z.int(),
  test: z.int(),
  classes: z.array(z.object({ name: z.string(), count: z.int() })).nullable(),
  skipped: z.int().describe('Files that are not images'),
});
export type DataCounts = z.infer<typeof dataCounts>;

const formField = z.object({
  name: z.string().describe('Key of the setting, such as learningRate'),
  title: z.string().describe('Label of the field'),
  flag: z.string().describe('Its option of agenet train'),
  description: z.string(),
  kind: z.enum(['number', 'integer', 'choice', 'list', 'text', 'switch']),
  choices: z.array(z.string()).optional(),
  choiceTitles: z.record(z.string(), z.string()).optional().describe('Labels of choices (default: the choices)'),
  arguments: z
    .record(z.string(), z.string())
    .optional()
    .describe('What choices expect after a colon; only these expect something'),
  range: z.string().optional().describe('Valid values in words'),
  default: z.string().optional().describe('The value of an empty field in words'),
});
export type FormField = z.infer<typeof formField>;

export const trainingForm = z.object({
  groups: z.array(z.object({ title: z.string(), fields: z.array(formField) })),
  presets: z.array(z.object({ name: z.string(), description: z.string() })),
});
export type TrainingForm = z.infer<typeof trainingForm>;

export const labels = z.record(z.string(), z.object({ label: z.string(), meaning: z.string() }));
export type Labels = z.infer<typeof labels>;

const text = z
  .string()
  .max(2000)
  .regex(/^[^\0]*$/u, 'must not contain NUL');
const fieldValues = z.record(z.string(), z.union([text, z.number(), z.boolean()]));
export type FieldValues = z.infer<typeof fieldValues>;

export const newRun = z.strictObject({
  name: runName,
  data: z.string().max(500),
  fields: fieldValues.default({}),
  fork: z
    .strictObject({ run: z.string(), step: iteration })
    .optional()
    .describe('The checkpoint whose weights it starts from'),
});
export type NewRun = z.infer<typeof newRun>;

export const newNote = z.strictObject({ note: z.string().trim().max(2000) });
export const newName = z.strictObject({ name: runName });

/** The new length of a run, if any. */
export const extension = z.strictObject({ steps: z.int().min(1).optional(), epochs: z.int().min(1).optional() });
export type Extension = z.infer<typeof extension>;

export const problem = z.object({ message: z.string(), fields: z.record(z.string(), z.string()).optional() });
export type Problem = z.infer<typeof problem>;

export const checkedRun = z.object({
  command: z.string().nullable().describe('The same run as a command'),
  problem: problem.nullable().describe('Why the run cannot start'),
});
export type CheckedRun = z.infer<typeof checkedRun>;

export const STEERING_ACTIONS = ['play', 'pause', 'step', 'stop'] as const;
export type SteeringAction = (typeof STEERING_ACTIONS)[number];

export const plan = z.object({
  steps: z.int(),
  batches_per_epoch: z.int(),
  seconds_per_iteration: z.number(),
  memory: z
    .object({ estimated_bytes: z.number(), available_bytes: z.number().nullable() })
    .nullable()
    .describe('Estimated peak; null on devices other than the CPU'),
  images: z.object({ train: z.int(), test: z.int() }),
  parameters: z.record(z.string(), z.int()),
  flops: z.record(z.string(), z.object({ total: z.number(), layers: values })),
  notes: z.array(z.string()).describe('Expectations, and the settings that were chosen for the data'),
});
export type Plan = z.infer<typeof plan>;

export type LiveMessage =
  | { type: 'runs'; changed: readonly ListedRun[]; removed: readonly string[] }
  /** The page will receive new entries of these runs. */
  | { type: 'following'; ids: readonly string[] }
  | { type: 'entries'; id: string; entries: readonly z.infer<typeof values>[] }
  /** The log was cut. The page reads the curves again. */
  | { type: 'rewritten'; id: string };

export const followRequest = z.strictObject({ follow: z.array(z.string()).max(20) });
