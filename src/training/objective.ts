/** The settings of losses and updates. */
import { DISTANCES } from '../age/distances.js';
import { DIVERGENCES, MOMENTS, REDUCTIONS } from '../age/divergences.js';
import { UPDATE_ORDERS } from '../age/plan.js';
import { PRIORS } from '../age/prior.js';
import {
  choice,
  declare,
  declareChangeable,
  declareOptional,
  integer,
  list,
  number,
  numbers,
  string,
  structure,
} from './declaration.js';
import { BATCH_NORM_STATS, RECIPES } from './defaults.js';

/** Update plans from an epoch on (default: unchanged). */
export interface Stage {
  /** Counted from 0. */
  epoch: number;
  encoderUpdates?: string | undefined;
  generatorUpdates?: string | undefined;
}

const PLAN = string('an update plan, e.g. "1;KL_fake:1,match_z:1000"');

const { alternating, simultaneous, aligned, classes, attributes } = RECIPES;
const IN_COLOR = 'in color, above 32 pixels or with a condition';
const CONDITIONAL_NOISE = `${classes.codeNoise} with classes, ${attributes.codeNoise} with attributes`;
const IF_CHANGED = 'if the objective is changed';

/** The network of the distance `features`. */
const FEATURES = {
  features: declareOptional(string('the path of an ONNX file'), {
    title: 'Feature model',
    help: 'ONNX image model whose features are compared',
    group: 'Objective',
    defaultText: 'a classifier trained once on the data',
    isChangeable: true,
    placeholder: 'file',
  }),
  featuresOutputs: declareOptional(list<string>(undefined, 1), {
    title: 'Feature outputs',
    help: 'tensors or nodes of the model to compare',
    group: 'Objective',
    defaultText: 'outputs of the model',
  }),
  featuresSize: declareOptional(integer(1, 4096), {
    title: 'Feature model size',
    help: 'side length of the model input, to which images are resized',
    group: 'Objective',
    defaultText: 'as declared in the file, else that of the images',
    placeholder: 'pixels',
  }),
  featuresMean: declareOptional(numbers(3), {
    title: 'Feature model mean',
    help: 'mean to subtract from pixels in [0, 1], one value or one per channel',
    group: 'Objective',
    defaultText: '0',
  }),
  featuresStd: declareOptional(numbers(3), {
    title: 'Feature model std',
    help: 'std to divide by, one value or one per channel',
    group: 'Objective',
    defaultText: '1',
  }),
  featuresDigest: declareOptional(structure<string>('a SHA-256 digest'), {
    title: 'Feature model digest',
    help: 'SHA-256 digest of the weights of the feature model, which a run records',
    defaultText: 'not checked',
  }),
};

/** In the order of `config.json`. */
export const OBJECTIVE = {
  encoderUpdates: declareChangeable(PLAN, {
    title: 'Encoder updates',
    help: 'encoder updates per iteration and loss weights',
    group: 'Objective',
    default: alternating.encoderUpdates,
    defaultText: `${aligned.encoderUpdates}, without align ${IN_COLOR}; ${alternating.encoderUpdates} ${IF_CHANGED}`,
    placeholder: 'plan',
  }),
  generatorUpdates: declareChangeable(PLAN, {
    title: 'Generator updates',
    help: 'generator updates per iteration and loss weights',
    group: 'Objective',
    default: alternating.generatorUpdates,
    defaultText: `${aligned.generatorUpdates}; ${alternating.generatorUpdates} ${IF_CHANGED}`,
    placeholder: 'plan',
  }),
  updateOrder: declare(choice(UPDATE_ORDERS), {
    title: 'Order of updates',
    help: 'alternating: the generator learns after the encoder; simultaneous: both learn from one batch, which takes half the time',
    group: 'Objective',
    default: alternating.updateOrder,
    defaultText: `simultaneous; alternating ${IF_CHANGED}`,
    placeholder: 'order',
  }),
  stages: declareChangeable(structure<readonly Stage[]>('a list'), {
    title: 'Stages',
    help: 'update plans that replace these from an epoch on',
    default: [],
  }),
  prior: declare(choice(PRIORS), {
    title: 'Prior',
    help: 'prior distribution of latent codes',
    group: 'Objective',
    default: 'sphere',
  }),
  divergence: declare(choice(DIVERGENCES), {
    title: 'Divergence',
    help: 'divergence between a batch of codes and the prior',
    group: 'Objective',
    default: 'qp',
  }),
  moment: declare(choice(MOMENTS), {
    title: 'Moment',
    help: 'statistic used as σ in the divergence: variance as in the published code, std as in the formula',
    group: 'Objective',
    default: 'variance',
  }),
  reduction: declare(choice(REDUCTIONS), {
    title: 'Reduction',
    help: 'reduction of the divergence over latent dimensions',
    group: 'Objective',
    default: 'mean',
  }),
  matchX: declare(string('L1, L2, cos, features, or a weighted sum such as L1:1,features:0.5'), {
    title: 'Image distance',
    help: 'image reconstruction loss: L1, L2, cos, features of a constant network, or a sum such as L1:1,features:0.5',
    group: 'Objective',
    default: 'L1',
    placeholder: 'distance',
  }),
  ...FEATURES,
  matchZ: declare(choice(DISTANCES), {
    title: 'Code distance',
    help: 'latent reconstruction loss',
    group: 'Objective',
    default: 'cos',
  }),
  margin: declareChangeable(number(0, 1e6), {
    title: 'Margin',
    help: 'the most that the encoder gains by its weighted KL_fake above the lower bound; 0 = no limit',
    group: 'Objective',
    default: alternating.margin,
    defaultText: `${simultaneous.margin}; ${alternating.margin} ${IF_CHANGED}`,
  }),
  codeNoise: declare(number(0, 100), {
    title: 'Code noise',
    help: 'images are reconstructed from codes moved towards random ones, by a random distance up to this; 0 = from the codes',
    group: 'Objective',
    default: alternating.codeNoise,
    defaultText: `${aligned.codeNoise}; ${CONDITIONAL_NOISE}; otherwise 0 ${IN_COLOR}, or ${IF_CHANGED}`,
  }),
  batchNormStats: declare(choice(BATCH_NORM_STATS), {
    title: 'BatchNorm statistics',
    help: 'BatchNorm running statistics: shared as published, or separate per input type',
    group: 'Objective',
    default: 'separate',
    placeholder: 'mode',
  }),
};
