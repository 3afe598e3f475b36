import type { GraphProto, NodeProto } from 'onnx-buf';
import { didYouMean, InputError, quoted } from '../../errors.js';

/** Graphs have thousands of names. The last ones are likely to be features. */
const MAX_SHOWN = 5;

/**
 * Returns the tensor of this name, or the first output of the node of this name.
 * @throws {InputError} if there is none
 */
export function tensorNamed({ node, input, initializer }: GraphProto, name: string, file: string): string {
  const outputs = node.flatMap(({ output }) => output).filter((each) => each !== '');
  if ([...outputs, ...input.map((each) => each.name), ...initializer.map((each) => each.name)].includes(name))
    return name;
  const [first] = node.find((each) => each.name === name)?.output ?? [];
  if (first !== undefined && first !== '') return first;
  const shown = outputs
    .slice(-MAX_SHOWN)
    .map((each) => quoted(each))
    .join(', ');
  throw new InputError(
    file,
    `no tensor or node is named ${quoted(name)}${didYouMean(name, outputs)}`,
    `its last tensors are ${shown}`,
  );
}

/** Returns the nodes on which these tensors depend, in the order of the file. */
export function nodesFor({ node }: GraphProto, tensors: readonly string[]): NodeProto[] {
  const needed = new Set(tensors);
  return node
    .toReversed()
    .filter((each) => {
      const isNeeded = each.output.some((name) => needed.has(name));
      if (isNeeded) for (const name of readBy(each)) needed.add(name);
      return isNeeded;
    })
    .reverse();
}

/** Also what the graphs of an `If` read. */
const readBy = ({ input, attribute }: NodeProto): string[] => [
  ...input,
  ...attribute.flatMap(({ g }) => (g ? [...g.output.map(({ name }) => name), ...g.node.flatMap(readBy)] : [])),
];
