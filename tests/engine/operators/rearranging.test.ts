import { describe, expect, it } from 'vitest';
import {
  concat,
  depthToSpace,
  flatten,
  input,
  mul,
  spaceToDepth,
  split,
  square,
  squeeze,
  tile,
  unsqueeze,
} from '../../../src/engine/index.js';
import { integers } from '../../../src/engine/operator.js';
import { expectSame, expectShapeError } from '../expectations.js';
import { expectRightGradients } from '../finiteDifferences.js';
import { expectGenuine } from '../genuine.js';
import { forward } from '../running.js';
import { random } from '../tensors.js';

const shapeOf = (value: { shape: readonly number[] }) => value.shape;

describe('Squeeze and Unsqueeze', () => {
  it('remove and insert axes of size 1', () => {
    const x = input('x', [1, 2, 1, 3]);
    expect(shapeOf(squeeze(x))).toEqual([2, 3]);
    expect(shapeOf(squeeze(x, [-2]))).toEqual([1, 2, 3]);
    expect(shapeOf(unsqueeze(input('y', [2, 3]), [0, -1, 2]))).toEqual([1, 2, 1, 3, 1]);
  });

  it('reject other axes', () => {
    expectShapeError(() => squeeze(input('x', [1, 2]), [1]), 'Squeeze', 'axis 1 has 2');
    expectShapeError(() => unsqueeze(input('x', [2]), [0, -3]), 'Unsqueeze', 'twice');
  });
});

it('Flatten makes a matrix', () => {
  const x = input('x', [2, 3, 4]);
  expect([0, 1, 2, 3, -1].map((axis) => shapeOf(flatten(x, axis)))).toEqual([
    [1, 24],
    [2, 12],
    [6, 4],
    [24, 1],
    [6, 4],
  ]);
});

describe('Split', () => {
  const x = random([2, 5, 2], 1);

  it('is undone by Concat', async () => {
    expectSame(await forward((value) => concat(split(value, [1, 3, 1], -2), 1), [x]), x);
  });

  it('has the correct gradient', async () => {
    await expectRightGradients(
      (value) => {
        const [first, second] = split(value, [2, 3], 1);
        return concat([square(first!), mul(second!, 3)], 1);
      },
      [x],
    );
  });

  it('rejects sizes that do not add up', () => {
    expectShapeError(() => split(input('x', [4]), [1, 2], 0), 'Split', '1, 2', '4');
  });
});

describe('Tile', () => {
  it('has the result of ONNX and the correct gradient', async () => {
    const x = random([2, 1, 3], 1);
    await expectGenuine((value) => tile(value, [2, 3, 1]), { name: 'Tile', more: [integers([2, 3, 1])] }, [x]);
    await expectRightGradients((value) => square(tile(value, [2, 1, 2])), [x]);
  });

  it('needs a number for each axis', () => {
    expectShapeError(() => tile(input('x', [2, 3]), [2]), 'Tile', '1 repeats', '2 axes');
  });
});

describe('DepthToSpace and SpaceToDepth', () => {
  const x = random([2, 8, 2, 3], 1);

  it.each(['DCR', 'CRD'] as const)('have the result of ONNX with the mode %s', async (mode) => {
    const genuine = { name: 'DepthToSpace', attributes: { blocksize: 2, mode } };
    await expectGenuine((value) => depthToSpace(value, 2, mode), genuine, [x]);
    await expectRightGradients((value) => square(depthToSpace(value, 2, mode)), [x]);
  });

  it('are inverse to each other', async () => {
    expectSame(await forward((value) => spaceToDepth(depthToSpace(value, 2), 2), [x]), x);
    await expectGenuine((value) => spaceToDepth(value, 2), { name: 'SpaceToDepth', attributes: { blocksize: 2 } }, [
      random([1, 2, 4, 6], 2),
    ]);
  });

  it('reject sizes that the block does not divide', () => {
    expectShapeError(() => depthToSpace(input('x', [1, 6, 2, 2]), 2), 'DepthToSpace', '6 channels');
    expectShapeError(() => spaceToDepth(input('x', [1, 1, 3, 2]), 2), 'SpaceToDepth', '3 and 2');
    expectShapeError(() => spaceToDepth(input('x', [3, 2]), 2), 'SpaceToDepth', 'four axes');
  });
});
