import { CONVOLUTIONS } from './convolution.js';
import { ELEMENTWISE } from './elementwise.js';
import type { NodeImporter } from './importedNode.js';
import { INDEXING } from './indexing.js';
import { MATRICES } from './matrix.js';
import { NORMALIZATIONS } from './normalization.js';
import { REDUCTIONS } from './reduction.js';
import { RESIZING } from './resizing.js';
import { SHAPING } from './shaping.js';

/** By operator. */
export const IMPORTERS: Record<string, NodeImporter> = {
  ...CONVOLUTIONS,
  ...ELEMENTWISE,
  ...INDEXING,
  ...MATRICES,
  ...NORMALIZATIONS,
  ...REDUCTIONS,
  ...RESIZING,
  ...SHAPING,
};

type Reason = readonly [problem: string, remedy: string];

const LOOP: Reason = ['is a loop, which cannot be differentiated here', 'export the model with the loop unrolled'];
const RECURRENT: Reason = [
  'is a recurrent operator, which is not supported',
  'export the model with its steps written out as matrix products',
];
const QUANTIZED: Reason = [
  'computes with quantized numbers, which have no gradient',
  'export the model before quantization',
];
const SEQUENCE: Reason = ['takes lists of tensors, which are not supported', 'export the model with single tensors'];
const RANDOM: Reason = ['draws random numbers', 'make them an input of the model'];

/** Operators that are unlikely to get an importer. */
export const UNSUPPORTED: Record<string, Reason> = {
  ...ofAll(['Loop', 'Scan'], LOOP),
  ...ofAll(['GRU', 'LSTM', 'RNN'], RECURRENT),
  ...ofAll(
    ['ConvInteger', 'DynamicQuantizeLinear', 'MatMulInteger', 'QLinearConv', 'QLinearMatMul', 'QuantizeLinear'],
    QUANTIZED,
  ),
  ...ofAll(['ConcatFromSequence', 'SequenceAt', 'SequenceConstruct', 'SequenceEmpty', 'SplitToSequence'], SEQUENCE),
  ...ofAll(
    ['Bernoulli', 'Multinomial', 'RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike'],
    RANDOM,
  ),
};

function ofAll(names: readonly string[], reason: Reason) {
  return Object.fromEntries(names.map((name) => [name, reason]));
}
