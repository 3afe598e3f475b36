import { type Graph, graphOf, topologicalOrder } from '../../graph.js';
import { apply } from '../../operator.js';
import { mul, reduceSum, reshape } from '../../operators/index.js';
import { sizeOf } from '../../shape.js';
import type { ComputedValue, Value } from '../../value.js';
import type { Centering } from '../rewrites.js';
import type { LaidOutGraph } from '../state.js';
import {
  centerConvolution,
  type Centered,
  centerMap,
  uncentered,
  matchChannelVariance,
  meanOf,
  minusMean,
  varianceOfCentered,
} from './statistics.js';
import {
  addAffine,
  asParts,
  ChannelSums,
  type AffineForm,
  toAffine,
  materialize,
  negateAffine,
  type ChannelVector,
  scaleAffine,
  shiftAffine,
  broadcastChannels,
} from './channelwise.js';
import type { Convolution } from '../convolution.js';
import { planConvolution, type ConvolutionPlan, matchConvolution } from './convolutionPlan.js';
import { kernelGradient, kernelGradientRows, dataGradient, forwardConv } from './convolve.js';
import {
  convertLayout,
  type FeatureMapType,
  fromPlain,
  featureMapType,
  type Layout,
  memoryShape,
  phaseShape,
  type PhaseTensors,
  sameLayout,
  toPlain,
  WHOLE,
} from './layout.js';
import type { Activation } from './operators.js';
import { assignLayouts, isElementwise, isPerChannel } from './regions.js';
import { ParameterStorage } from './parameterStorage.js';

/**
 * The same graph with convolutions, and elementwise operators between them, in blocked layouts with the batch inside.
 * ONNX Runtime must have kernels of block size `block`.
 */
export function lowerToBlocks(graph: Graph, block: number): LaidOutGraph {
  return new BlockedLowering(graph, block).lowered();
}

/** A feature map under construction: an affine form, or a product of two that is materialized only if needed. */
interface FeatureMap {
  readonly affine?: AffineForm;
  readonly product?: readonly [AffineForm, AffineForm];
}

class BlockedLowering {
  private readonly layouts: ReadonlyMap<Value, Layout>;
  /** Feature maps whose variance is taken. */
  private readonly statistics = new Map<Value, Centering>();
  private readonly centered = new Map<Value, Centered>();
  private readonly consumers = new Map<Value, ComputedValue[]>();
  private readonly featureMaps = new Map<Value, FeatureMap>();
  private readonly plainValues = new Map<Value, Value>();
  private readonly order: readonly Value[];
  private readonly storage: ParameterStorage;

  constructor(
    private readonly graph: Graph,
    private readonly block: number,
  ) {
    const outputs = Object.values(graph.outputs);
    this.layouts = assignLayouts(outputs, block);
    this.order = topologicalOrder(outputs);
    for (const value of this.order) {
      if (value.kind !== 'computed') continue;
      for (const operand of value.inputs) this.consumers.set(operand, [...(this.consumers.get(operand) ?? []), value]);
      const statistics = matchChannelVariance(value);
      if (statistics && this.layouts.has(statistics.x)) this.statistics.set(statistics.x, statistics);
    }
    this.storage = new ParameterStorage({
      graph,
      consumersOf: (value) => this.consumersOf(value),
      planOf: (convolution) => this.planOf(convolution),
      plain: (value) => this.plain(value),
    });
  }

  lowered(): LaidOutGraph {
    for (const value of this.order) {
      if (this.featureMaps.has(value) || this.storage.lowerVector(value)) continue;
      if (value.kind === 'computed' && this.layouts.has(value)) this.lowerFeatureMap(value, this.layouts.get(value)!);
      else this.plainValues.set(value, value.kind === 'computed' ? this.lowerPlain(value) : value);
    }
    const outputs = Object.entries(this.graph.outputs).map(
      ([name, value]) => [name, this.storage.nextState(name, value) ?? this.plain(value)] as const,
    );
    const inputs = this.graph.inputs.map((value) => this.storage.inputOf(value));
    return { ...graphOf(Object.fromEntries(outputs), inputs), stateLayouts: this.storage.stateLayouts };
  }

  private typeOf(value: Value): FeatureMapType {
    return featureMapType(value.shape, this.block);
  }

  private consumersOf(value: Value): readonly ComputedValue[] {
    return this.consumers.get(value) ?? [];
  }

  /** A value in the canonical layout. */
  private plain(value: Value): Value {
    const known =
      this.plainValues.get(value) ??
      this.storage.plainVector(value) ??
      toPlain(this.parts(value), this.typeOf(value), this.layouts.get(value)!);
    this.plainValues.set(value, known);
    return known;
  }

  /** A feature map as an affine form, a product materialized. */
  private affineOf(value: Value): AffineForm {
    const featureMap = this.featureMaps.get(value);
    if (featureMap?.affine) return featureMap.affine;
    const layout = this.layouts.get(value)!;
    const affine = toAffine(
      featureMap?.product
        ? this.multiply(featureMap.product, value, layout)
        : fromPlain(this.plain(value), this.typeOf(value), layout),
    );
    this.featureMaps.set(value, { ...featureMap, affine });
    return affine;
  }

  /** A feature map in its region's layout. */
  private parts(value: Value): PhaseTensors {
    const affine = this.affineOf(value);
    const known = asParts(affine);
    if (known) return known;
    const parts = materialize(affine, this.typeOf(value), this.layouts.get(value)!);
    this.featureMaps.set(value, { affine: toAffine(parts) });
    return parts;
  }

  private partsIn(value: Value, layout: Layout): PhaseTensors {
    return convertLayout(this.parts(value), this.typeOf(value), this.layouts.get(value)!, layout);
  }

  private multiply([a, b]: readonly [AffineForm, AffineForm], value: Value, layout: Layout): PhaseTensors {
    const [left, right] = [a, b].map((affine) => materialize(affine, this.typeOf(value), layout));
    return left!.map((part, index) => mul(part, right![index]!));
  }

  private lowerFeatureMap(value: ComputedValue, layout: Layout): void {
    const convolution = matchConvolution(value);
    if (convolution) return this.lowerConvolution(value, convolution, layout);
    const parts = isElementwise(value) ? undefined : this.inBlocks(value, layout);
    if (isElementwise(value)) this.featureMaps.set(value, this.elementwise(value, layout));
    else if (parts) this.featureMaps.set(value, { affine: toAffine(parts) });
    else this.plainValues.set(value, this.lowerPlain(value));
  }

  private lowerConvolution(value: ComputedValue, convolution: Convolution, layout: Layout): void {
    const { small, big, kernel, bias, result } = convolution;
    const plan = this.planOf(convolution);
    const own = result === 'small' ? plan.smallLayout : plan.bigLayout;
    const type = this.typeOf(value);
    // An activation is part of the convolution's last pass, if nothing else reads the convolution.
    const follower = sameLayout(own, layout) ? this.onlyConsumer(value) : undefined;
    const activation = follower && activationOf(follower);
    const rowsOf = this.storage.rowsOf(kernel!);
    const makers =
      result === 'small'
        ? forwardConv(plan, rowsOf, this.partsIn(big, plan.bigLayout), type.batch)
        : dataGradient(plan, rowsOf, this.partsIn(small, plan.smallLayout), type.batch, phaseShape(type, own));
    const plainBias = bias && this.plain(bias);
    if (makers[0]!.sample && this.servesStatistics(value)) {
      const centered = centerConvolution(makers, plainBias, type, own, layout);
      this.centered.set(value, centered);
      this.featureMaps.set(value, { affine: uncentered(centered) });
      return;
    }
    const epilogue = { bias: plainBias && broadcastChannels(plainBias, type, own), activation };
    const parts = makers.map(({ make }) => make(epilogue));
    const featureMap: FeatureMap = { affine: toAffine(convertLayout(parts, type, own, layout)) };
    this.featureMaps.set(value, featureMap);
    if (follower && activation) this.featureMaps.set(follower, featureMap);
  }

  /** Whether only the mean, the variance and the normalization of a feature map read it. */
  private servesStatistics(value: Value): boolean {
    const mean = this.statistics.get(value)?.mean;
    return (
      mean !== undefined &&
      !this.isOutput(value) &&
      this.consumersOf(value).every((consumer) => consumer === mean || this.isCentering(consumer))
    );
  }

  private isOutput(value: Value): boolean {
    return Object.values(this.graph.outputs).includes(value);
  }

  /** Whether a value is a feature map minus its mean, and the feature map's variance is taken. */
  private isCentering({ operator, inputs: [x, mean] }: ComputedValue): boolean {
    return operator.name === 'Sub' && x !== undefined && this.statistics.get(x)?.mean === mean;
  }

  /** A feature map whose statistics are taken, near its mean. */
  private centeredOf(x: Value): Centered {
    const known = this.centered.get(x);
    if (known) return known;
    const centered = centerMap(this.parts(x), this.typeOf(x), this.layouts.get(x)!);
    this.centered.set(x, centered);
    return centered;
  }

  private onlyConsumer(value: Value): ComputedValue | undefined {
    const consumers = this.consumersOf(value);
    return consumers.length === 1 && !this.isOutput(value) ? consumers[0] : undefined;
  }

  private elementwise(value: ComputedValue, layout: Layout): FeatureMap {
    const [a, b] = value.inputs as [Value, Value];
    switch (value.operator.name) {
      case 'Neg':
        return { affine: negateAffine(this.affineOf(a)) };
      case 'Add':
        return { affine: this.sum(value, a, b, false) };
      case 'Sub':
        return { affine: this.isCentering(value) ? minusMean(this.centeredOf(a)) : this.sum(value, a, b, true) };
      case 'Mul':
        if (isPerChannel(b, value)) return { affine: scaleAffine(this.affineOf(a), this.plain(b)) };
        if (isPerChannel(a, value)) return { affine: scaleAffine(this.affineOf(b), this.plain(a)) };
        return { product: [this.affineOf(a), this.affineOf(b)] };
      default:
        return { affine: this.applyFunction(value, a, layout) };
    }
  }

  private sum(value: Value, a: Value, b: Value, subtract: boolean): AffineForm {
    if (isPerChannel(b, value)) return shiftAffine(this.affineOf(a), subtract ? mul(this.plain(b), -1) : this.plain(b));
    const second = subtract ? negateAffine(this.affineOf(b)) : this.affineOf(b);
    return isPerChannel(a, value) ? shiftAffine(second, this.plain(a)) : addAffine(this.affineOf(a), second);
  }

  private applyFunction(value: ComputedValue, operand: Value, layout: Layout): AffineForm {
    const activation = activationOf(value);
    const affine = this.affineOf(operand);
    // The pass that materializes a form includes the activation.
    if (activation && !asParts(affine)) return toAffine(materialize(affine, this.typeOf(value), layout, activation));
    return toAffine(this.parts(operand).map((part) => apply(value.operator, [part], value.attributes)));
  }

  /** A value whose operator can be computed on blocked channels. */
  private inBlocks(value: ComputedValue, layout: Layout): PhaseTensors | undefined {
    const { operator, inputs, attributes } = value;
    if (operator.blocked === undefined || !inputs.every((operand) => this.layouts.has(operand))) return undefined;
    const operands = inputs.map((operand) =>
      reshape(this.partsIn(operand, WHOLE)[0]!, memoryShape(this.typeOf(operand))),
    );
    const result = operator.blocked(operands, { value, attributes });
    const type = this.typeOf(value);
    return result && convertLayout([reshape(result, phaseShape(type, WHOLE))], type, WHOLE, layout);
  }

  private lowerPlain(value: ComputedValue): Value {
    const convolution = matchConvolution(value);
    if (convolution?.result === 'kernel') return this.kernelGradient(value, convolution);
    const stored = this.storage.pieceOfVector(value) ?? this.storage.total(value);
    if (stored) return stored;
    const sums = this.channelSums(value);
    if (sums) return sums;
    this.storage.addRows(value);
    const inputs = value.inputs.map((operand) => this.plain(operand));
    return inputs.every((operand, index) => operand === value.inputs[index]) ? value : { ...value, inputs };
  }

  private kernelGradient(value: Value, convolution: Convolution): Value {
    const { small, big } = convolution;
    const plan = this.planOf(convolution);
    const [smallParts, bigParts] = [this.partsIn(small, plan.smallLayout), this.partsIn(big, plan.bigLayout)];
    const [only] = plan.kernelGroups;
    if (only?.own === undefined) return kernelGradient(plan, smallParts, bigParts, small.shape[0]!);
    const rows = kernelGradientRows(only, plan.bigAsPixel, smallParts, bigParts, small.shape[0]!);
    this.storage.rememberRows(value, rows, only.own);
    return only.gradientOf(rows);
  }

  private planOf(convolution: Convolution): ConvolutionPlan {
    const { small, big } = convolution;
    return planConvolution(convolution, this.layouts.get(small)!, this.layouts.get(big)!, this.block);
  }

  /** Sums and means of a feature map over batch, rows and columns, and perhaps channels. */
  private channelSums(value: ComputedValue): Value | undefined {
    const { name } = value.operator;
    const [x] = value.inputs as [Value];
    const layout = x && this.layouts.get(x);
    if ((name !== 'ReduceSum' && name !== 'ReduceMean') || !layout) return undefined;
    const axes = value.attributes.axes as readonly number[];
    if (![0, 2, 3].every((axis) => axes.includes(axis))) return undefined;
    const scale = name === 'ReduceMean' ? sizeOf(value.shape) / sizeOf(x.shape) : 1;
    const sums = new ChannelSums(this.typeOf(x), layout, scale);
    const variance = matchChannelVariance(value);
    if (variance && this.statistics.has(variance.x)) return varianceOfCentered(this.centeredOf(variance.x), sums);
    if (this.statistics.get(x)?.mean === value) return meanOf(this.centeredOf(x));
    const perChannel = this.sumsOf(x, sums);
    return reshape(axes.length === 4 ? reduceSum(perChannel, [1]) : perChannel, value.shape);
  }

  private sumsOf(x: Value, sums: ChannelSums): ChannelVector {
    const featureMap = this.featureMaps.get(x);
    // A product that is only summed is not materialized.
    const onlySums = this.consumersOf(x).every(({ operator }) => operator.name.startsWith('Reduce'));
    if (featureMap?.product && !featureMap.affine && onlySums) return sums.ofProduct(...featureMap.product);
    return sums.ofAffine(this.affineOf(x));
  }
}

function activationOf({ operator, attributes }: ComputedValue): Activation | undefined {
  const parameters = operator.epilogue?.(attributes);
  return parameters && { name: operator.name, parameters };
}
