import { sizeOf } from '../../shape.js';
import { type ComputedValue, constant, type ConstantValue, splatValue, type Value } from '../../value.js';

/** What elements that only fill blocks become under elementwise operators, if that is known without running anything. */
export class Padding {
  private readonly known = new Map<Value, number | undefined>();

  /** @param isFilled whether a value of several elements is stored with zeros in its padding, whatever it is made of */
  constructor(private readonly isFilled: (value: Value) => boolean) {}

  /** The elements of the padding; of a value of one element, that one. Undefined if they are not known. */
  of(value: Value): number | undefined {
    if (!this.known.has(value)) this.known.set(value, this.find(value));
    return this.known.get(value);
  }

  private find(value: Value): number | undefined {
    if (sizeOf(value.shape) === 1) return splatValue(value);
    if (this.isFilled(value)) return 0;
    return value.kind === 'computed' && value.operator.elementwise ? this.result(value) : undefined;
  }

  private result(value: ComputedValue): number | undefined {
    const { operator, inputs } = value;
    const elements = inputs.map((operand) => this.of(operand));
    const isScalar = (index: number) => sizeOf(inputs[index]!.shape) === 1;
    // Scalars that only a run knows are assumed to be finite, and not 0 as divisors: otherwise nothing else is finite either.
    const known = operator.partialEvaluate?.(elements.map((element, index) => element ?? (isScalar(index) ? 'finite' : undefined)));
    if (known !== undefined) return known;
    return operator.keepsZero && inputs.every((_, index) => isScalar(index) || elements[index] === 0) ? 0 : evaluated(value, elements);
  }
}

/** What an operator makes of single elements that are all known. */
function evaluated({ operator, inputs, attributes, type }: ComputedValue, elements: readonly (number | undefined)[]): number | undefined {
  if (operator.evaluate === undefined || type !== 'float32' || inputs.some((operand) => operand.type !== 'float32')) return undefined;
  const constants = elements.flatMap((element): ConstantValue[] => (element === undefined ? [] : [constant([element])]));
  if (constants.length < inputs.length) return undefined;
  const result = Number(operator.evaluate(constants, { type, shape: [1] }, attributes)[0]);
  return Number.isFinite(result) ? result : undefined;
}
