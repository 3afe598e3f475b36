import type { AttributeProto, NodeProto } from 'onnx-buf';
import { normalizeAxes, ShapeError } from '../shape.js';
import type { Operands, Value } from '../value.js';
import { type Budget, constantOf, type Known } from './known.js';
import type { ExternalData } from './tensors.js';

/** A tensor of the file. */
export interface Imported {
  value: () => Value;
  /** Its elements, or undefined if they depend on an input. */
  known: () => Known | undefined;
  /** Whether it is neither a parameter nor computed from one, so that its elements alone represent it. */
  isFolded: boolean;
}

function once<T>(compute: () => T) {
  let result: { value: T } | undefined;
  return () => (result ??= { value: compute() }).value;
}

export const importedKnown = (known: Known): Imported => ({
  value: once(() => constantOf(known)),
  known: () => known,
  isFolded: true,
});

export const importedValue = (value: Value, known: () => Known | undefined = () => undefined): Imported => ({
  value: () => value,
  known: once(known),
  isFolded: false,
});

/** What all nodes of a file share. */
export interface NodeContext {
  opset: number;
  budget: Budget;
  externalData: ExternalData;
}

/** Builds the outputs of a node, or the first one. */
export type NodeImporter = (node: ImportedNode) => Value | readonly Value[];

const TEXT = new TextDecoder();

/** A node in the form of the newest operator set. Accessors throw a `ShapeError` that completes "the node ...". */
export class ImportedNode {
  readonly type: string;
  /** Names, '' for outputs that the graph does not use. */
  readonly outputs: readonly string[];
  private readonly attributes: ReadonlyMap<string, AttributeProto>;

  constructor(
    { opType, attribute, output }: NodeProto,
    readonly inputs: readonly (Imported | undefined)[],
    private readonly context: NodeContext,
  ) {
    this.type = opType;
    this.attributes = new Map(attribute.map((each) => [each.name, each]));
    this.outputs = output;
  }

  get opset() {
    return this.context.opset;
  }

  get budget() {
    return this.context.budget;
  }

  get externalData() {
    return this.context.externalData;
  }

  has(index: number): boolean {
    return this.inputs[index] !== undefined;
  }

  imported(index: number): Imported {
    const found = this.inputs[index];
    if (found === undefined) throw new ShapeError(`lacks input ${index}`);
    return found;
  }

  value(index: number): Value {
    return this.imported(index).value();
  }

  /** All inputs, at least one. */
  values(): Operands {
    return [this.value(0), ...this.inputs.slice(1).map((_, index) => this.value(index + 1))];
  }

  allKnown(): Operands<Known> {
    return [this.known(0), ...this.inputs.slice(1).map((_, index) => this.known(index + 1))];
  }

  optional(index: number): Value | undefined {
    return this.inputs[index]?.value();
  }

  known(index: number): Known {
    const known = this.imported(index).known();
    if (known === undefined)
      throw new ShapeError(`takes input ${index} from the model's inputs, but it must be a constant`);
    return known;
  }

  /** Integers of an input, or undefined without it. */
  integers(index: number): number[] | undefined {
    return this.has(index) ? Array.from<number | bigint, number>(this.known(index).data, Number) : undefined;
  }

  requiredIntegers(index: number): number[] {
    this.imported(index);
    return this.integers(index)!;
  }

  /** A number of an input. */
  number(index: number, fallback: number): number {
    if (!this.has(index)) return fallback;
    const { data } = this.known(index);
    if (data.length !== 1) throw new ShapeError(`expects one element as input ${index} but got ${data.length}`);
    return Number(data[0]);
  }

  attribute(name: string): AttributeProto | undefined {
    return this.attributes.get(name);
  }

  int(name: string, fallback: number): number {
    return Number(this.attributes.get(name)?.i ?? fallback);
  }

  float(name: string, fallback: number): number {
    return this.attributes.get(name)?.f ?? fallback;
  }

  text(name: string, fallback: string): string {
    const bytes = this.attributes.get(name)?.s;
    return bytes === undefined ? fallback : TEXT.decode(bytes);
  }

  ints(name: string): number[] | undefined {
    return this.attributes.get(name)?.ints.map(Number);
  }

  /** An axis of the first input, counted from the front. */
  axis(fallback: number, rank = this.value(0).shape.length): number {
    return normalizeAxes([this.int('axis', fallback)], rank, this.type)[0]!;
  }

  /** @throws {ShapeError} if an attribute has a different value */
  require(name: string, expected: number | string) {
    const actual = typeof expected === 'number' ? this.int(name, expected) : this.text(name, expected);
    if (actual !== expected) throw new ShapeError(`has ${name} ${actual}; only ${expected} is supported`);
  }
}
