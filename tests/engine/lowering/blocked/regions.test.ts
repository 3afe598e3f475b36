import { describe, expect, it } from 'vitest';
import { conv, convTranspose, input, relu, tanh } from '../../../../src/engine/index.js';
import { assignLayouts } from '../../../../src/engine/lowering/blocked/regions.js';

const upsampled = relu(
  convTranspose(input('x', [4, 16, 8, 8]), input('kernel', [16, 16, 4, 4]), { strides: 2, pads: 1 }),
);
const pointwise = (channels: number) => conv(upsampled, input('mix', [channels, 16, 1, 1]));

describe('the layout of a region', () => {
  it('with 1x1 convolutions only is in the phases of the region on their other side', () => {
    const images = tanh(pointwise(1));
    const layouts = assignLayouts([images], 16);
    expect(layouts.get(upsampled)).toMatchObject({ kind: 'blocked', phases: 2 });
    expect(layouts.get(images)).toMatchObject({ kind: 'spaceToDepth', phases: 2 });
  });

  it('is whole if one of its convolutions wants it whole', () => {
    const features = relu(pointwise(16));
    const layouts = assignLayouts([convTranspose(features, input('next', [16, 8, 4, 4]), { strides: 2, pads: 1 })], 16);
    expect(layouts.get(features)).toMatchObject({ kind: 'blocked', phases: 1 });
  });
});
