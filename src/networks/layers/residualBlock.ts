import { add, type Shape, ShapeError, showShape, sizeOf } from '../../engine/index.js';
import { type Layer, type NamedLayers, sequential } from '../layer.js';

/**
 * body(x) + shortcut(x) (He et al., arXiv 1512.03385), with tensors such as `conv1.weight` and `shortcut.weight`.
 * @param shortcut default: the identity; a 1x1 convolution if the body changes the number of channels
 */
export function residualBlock(body: NamedLayers, shortcut?: Layer): Layer {
  const main = sequential(body);
  const side = sequential(shortcut ? { shortcut } : {});
  const outputShape = (input: Shape) => {
    const [own, added] = [main, side].map((branch) => branch.outputShape(input)) as [Shape, Shape];
    if (own.join() !== added.join())
      throw new ShapeError(`residualBlock: the body returns ${showShape(own)} but the shortcut ${showShape(added)}`);
    return own;
  };
  return {
    parameters: { ...main.parameters, ...side.parameters },
    buffers: { ...main.buffers, ...side.buffers },
    outputShape,
    forward: (x, context) => add(main.forward(x, context), side.forward(x, context)),
    flops: (input) => main.flops(input) + side.flops(input) + sizeOf(outputShape(input)),
  };
}
