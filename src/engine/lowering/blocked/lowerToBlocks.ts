import { getOrCreate, type Graph, graphOf, mapValues, topologicalOrder, withInputs } from '../../graph.js';
import { apply } from '../../operator.js';
import { add, mul, reduceSum, reshape } from '../../operators/index.js';
import { sizeOf } from '../../shape.js';
import type { ComputedValue, Value } from '../../value.js';
import type { Convolution } from '../convolution.js';
import type { Centering } from '../rewrites.js';
import type { LaidOutGraph } from '../state.js';
import { AffineForm, broadcastChannels, Centered, matchChannelVariance } from './channelwise.js';
import { matchConvolution, planConvolution } from './convolutionPlan.js';
import { convolve, kernelGradientRows } from './convolve.js';
import {
  convertLayout,
  type FeatureMapType,
  fromPlain,
  type Layout,
  memoryShape,
  phaseShape,
  sameLayout,
  toPlain,
  WHOLE,
} from './layout.js';
import { ParameterStorage } from './parameterStorage.js';
import { assignLayouts, isElementwise, isPerChannel } from './regions.js';

/** Lays out convolutions, and elementwise operators between them, in blocks that ONNX Runtime has kernels for. */
export function lowerToBlocks(graph: Graph, block: number): LaidOutGraph {
  return new BlockedLowering(graph, block).lowered();
}

/** An affine form, or a product that is materialized only if needed. */
type FeatureMap = AffineForm | readonly [AffineForm, AffineForm];

class BlockedLowering {
  private readonly types: ReadonlyMap<Value, FeatureMapType>;
  /** Data and mean, by the feature map whose variance is taken. */
  private readonly statistics = new Map<Value, Centering>();
  private readonly centered = new Map<Value, Centered>();
  private readonly consumers = new Map<Value, ComputedValue[]>();
  private readonly featureMaps = new Map<Value, FeatureMap>();
  private readonly plainValues = new Map<Value, Value>();
  private readonly order: readonly Value[];
  private readonly storage: ParameterStorage;

  constructor(
    readonly graph: Graph,
    block: number,
  ) {
    const outputs = Object.values(graph.outputs);
    this.types = assignLayouts(outputs, block);
    this.order = topologicalOrder(outputs);
    for (const value of this.order) {
      if (value.kind !== 'computed') continue;
      for (const operand of value.inputs) this.consumers.set(operand, [...this.consumersOf(operand), value]);
      const statistics = matchChannelVariance(value);
      if (statistics && this.types.has(statistics.x)) this.statistics.set(statistics.x, statistics);
    }
    this.storage = new ParameterStorage(this);
  }

  lowered() {
    for (const value of this.order) {
      if (this.featureMaps.has(value) || this.storage.lowerVector(value)) continue;
      const type = this.types.get(value);
      if (value.kind === 'computed' && type) this.lowerFeatureMap(value, type);
      else this.plainValues.set(value, value.kind === 'computed' ? this.lowerPlain(value) : value);
    }
    const outputs = mapValues(
      this.graph.outputs,
      (value, name) => this.storage.nextState(name, value) ?? this.plain(value),
    );
    const inputs = this.graph.inputs.map((value) => this.storage.inputOf(value));
    return { ...graphOf(outputs, inputs), stateLayouts: this.storage.stateLayouts };
  }

  consumersOf(value: Value) {
    return this.consumers.get(value) ?? [];
  }

  plain(value: Value) {
    const convert = () => this.storage.plainVector(value) ?? toPlain(this.parts(value), this.types.get(value)!);
    return getOrCreate(this.plainValues, value, convert);
  }

  planOf(convolution: Convolution) {
    const { small, big } = convolution;
    return planConvolution(convolution, { small: this.types.get(small)!, big: this.types.get(big)! });
  }

  private affineOf(value: Value) {
    const featureMap = this.featureMaps.get(value);
    if (featureMap instanceof AffineForm) return featureMap;
    const type = this.types.get(value)!;
    const [left, right] = featureMap?.map((factor) => factor.materialize()) ?? [];
    const parts = left?.map((part, index) => mul(part, right![index]!)) ?? fromPlain(this.plain(value), type);
    const affine = AffineForm.of(type, parts);
    this.featureMaps.set(value, affine);
    return affine;
  }

  private parts(value: Value) {
    const affine = this.affineOf(value);
    if (affine.parts) return affine.parts;
    const parts = affine.materialize();
    this.featureMaps.set(value, AffineForm.of(affine.type, parts));
    return parts;
  }

  private partsIn(value: Value, layout: Layout) {
    return convertLayout(this.parts(value), this.types.get(value)!, layout);
  }

  private lowerFeatureMap(value: ComputedValue, type: FeatureMapType) {
    const convolution = matchConvolution(value);
    if (convolution) return this.lowerConvolution(value, convolution, type);
    const featureMap = isElementwise(value) ? this.elementwise(value, type) : this.inBlocks(value, type);
    if (featureMap) this.featureMaps.set(value, featureMap);
    else this.plainValues.set(value, this.lowerPlain(value));
  }

  private lowerConvolution(value: ComputedValue, convolution: Convolution, type: FeatureMapType) {
    const result = convolution.result === 'small' ? 'small' : 'big';
    const source = result === 'small' ? 'big' : 'small';
    const plan = this.planOf(convolution);
    const { kind, phases } = plan[result];
    const own = { ...type, kind, phases };
    // An activation is part of the convolution's last pass, if nothing else reads the convolution.
    const [follower, ...others] = sameLayout(own, type) && !this.isOutput(value) ? this.consumersOf(value) : [];
    const activation = follower && others.length === 0 ? activationOf(follower) : undefined;
    const rowsOf = this.storage.rowsOf(convolution.kernel!);
    const makers = convolve(result, plan, rowsOf, this.partsIn(convolution[source], plan[source]), own);
    const bias = convolution.bias && this.plain(convolution.bias);
    if (makers[0]!.sample && this.servesStatistics(value)) {
      const centered = Centered.convolution(makers, bias, own, type);
      this.centered.set(value, centered);
      this.featureMaps.set(value, centered.original);
      return;
    }
    const epilogue = { bias: bias && broadcastChannels(bias, own), activation };
    const parts = makers.map(({ make }) => make(epilogue));
    const featureMap = AffineForm.of(type, convertLayout(parts, own, type));
    this.featureMaps.set(value, featureMap);
    if (follower && activation) this.featureMaps.set(follower, featureMap);
  }

  /** Whether only the mean, the variance and the normalization read a feature map. */
  private servesStatistics(value: Value) {
    const mean = this.statistics.get(value)?.mean;
    return (
      mean !== undefined &&
      !this.isOutput(value) &&
      this.consumersOf(value).every((consumer) => consumer === mean || this.isCentering(consumer))
    );
  }

  private isOutput(value: Value) {
    return Object.values(this.graph.outputs).includes(value);
  }

  private isCentering({ operator, inputs: [x, mean] }: ComputedValue) {
    return operator.name === 'Sub' && x !== undefined && this.statistics.get(x)?.mean === mean;
  }

  private centeredOf(x: Value) {
    return getOrCreate(this.centered, x, () => Centered.map(this.parts(x), this.types.get(x)!));
  }

  private elementwise(value: ComputedValue, type: FeatureMapType): FeatureMap {
    const [a, b] = value.inputs as [Value, Value];
    switch (value.operator.name) {
      case 'Neg':
        return this.affineOf(a).negated();
      case 'Add':
        return this.sum(value, a, b, false);
      case 'Sub':
        return this.isCentering(value) ? this.centeredOf(a).minusMean : this.sum(value, a, b, true);
      case 'Mul':
        if (isPerChannel(b, value)) return this.affineOf(a).times(this.plain(b));
        if (isPerChannel(a, value)) return this.affineOf(b).times(this.plain(a));
        return [this.affineOf(a), this.affineOf(b)];
      default:
        return AffineForm.of(type, this.applyFunction(value, a));
    }
  }

  private sum(value: Value, a: Value, b: Value, subtract: boolean) {
    if (isPerChannel(b, value)) return this.affineOf(a).shifted(subtract ? mul(this.plain(b), -1) : this.plain(b));
    const second = subtract ? this.affineOf(b).negated() : this.affineOf(b);
    return isPerChannel(a, value) ? second.shifted(this.plain(a)) : this.affineOf(a).plus(second);
  }

  private applyFunction(value: ComputedValue, operand: Value) {
    const activation = activationOf(value);
    const affine = this.affineOf(operand);
    // The pass that materializes a form includes the activation.
    if (activation && !affine.parts) return affine.materialize(activation);
    return this.parts(operand).map((part) => apply(value.operator, [part], value.attributes));
  }

  private inBlocks(value: ComputedValue, type: FeatureMapType) {
    const { operator, inputs, attributes } = value;
    if (operator.blocked === undefined || !inputs.every((operand) => this.types.has(operand))) return undefined;
    const operands = inputs.map((operand) =>
      reshape(this.partsIn(operand, WHOLE)[0]!, memoryShape(this.types.get(operand)!)),
    );
    const result = operator.blocked(operands as [Value, ...Value[]], { value, attributes });
    const whole = { ...type, ...WHOLE };
    return result && AffineForm.of(type, convertLayout([reshape(result, phaseShape(whole))], whole, type));
  }

  private lowerPlain(value: ComputedValue) {
    const convolution = matchConvolution(value);
    if (convolution?.result === 'kernel') return this.kernelGradient(value, convolution);
    const known = this.storage.pieceOfVector(value) ?? this.storage.total(value) ?? this.channelSums(value);
    if (known) return known;
    this.storage.addRows(value);
    const operands = value.inputs.map((operand) => this.plain(operand));
    return withInputs(value, operands);
  }

  private kernelGradient(value: Value, convolution: Convolution) {
    const { small, big } = convolution;
    const { kernelGroups, bigAsPixel = false, ...layouts } = this.planOf(convolution);
    const parts = { small: this.partsIn(small, layouts.small), big: this.partsIn(big, layouts.big) };
    const gradients = kernelGroups.map((group) => {
      const rows = kernelGradientRows(group, bigAsPixel, parts, small.shape[0]!);
      if (group.own) this.storage.rememberRows(value, rows, group.own);
      return group.gradientOf(rows);
    });
    return gradients.reduce((sum, part) => add(sum, part));
  }

  /** Sums and means over batch, rows and columns, and perhaps channels. */
  private channelSums(value: ComputedValue) {
    const { name } = value.operator;
    const [x] = value.inputs;
    if ((name !== 'ReduceSum' && name !== 'ReduceMean') || !this.types.has(x)) return undefined;
    const axes = value.attributes.axes as readonly number[];
    if (![0, 2, 3].every((axis) => axes.includes(axis))) return undefined;
    const scale = name === 'ReduceMean' ? sizeOf(value.shape) / sizeOf(x.shape) : 1;
    const variance = matchChannelVariance(value);
    if (variance && this.statistics.has(variance.x)) return this.centeredOf(variance.x).variance(scale);
    if (this.statistics.get(x)?.mean === value) return this.centeredOf(x).mean;
    const perChannel = this.sumsOf(x, scale);
    return reshape(axes.length === 4 ? reduceSum(perChannel, [1]) : perChannel, value.shape);
  }

  private sumsOf(x: Value, scale: number) {
    const featureMap = this.featureMaps.get(x);
    // A product that is only summed is not materialized.
    const onlySums = this.consumersOf(x).every(({ operator }) => operator.name.startsWith('Reduce'));
    if (featureMap === undefined || featureMap instanceof AffineForm || !onlySums) return this.affineOf(x).sums(scale);
    const [a, b] = featureMap;
    return a.sumsOfProduct(b, scale);
  }
}

function activationOf({ operator, attributes }: ComputedValue) {
  const parameters = operator.epilogue?.(attributes);
  return parameters && { name: operator.name, parameters };
}
