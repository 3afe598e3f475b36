import { describe, it } from 'vitest';
import { einsum, input, square } from '../../../src/engine/index.js';
import type { Shape } from '../../../src/engine/index.js';
import { expectShapeError } from '../expectations.js';
import { expectRightGradients } from '../finiteDifferences.js';
import { expectGenuine } from '../genuine.js';
import { random } from '../tensors.js';

describe('Einsum', () => {
  it.each<[string, ...Shape[]]>([
    ['ij,jk->ik', [2, 3], [3, 2]],
    ['bhid, bhjd -> bhij', [2, 2, 3, 2], [2, 2, 2, 2]],
    ['bij,bjk->kbi', [2, 2, 3], [2, 3, 2]],
    ['i,j->ij', [3], [2]],
    ['i,i->', [3], [3]],
    ['ij,ij->i', [2, 3], [2, 3]],
    ['ijk,k->j', [2, 2, 3], [3]],
    ['ij->ji', [2, 3]],
    ['ij->', [2, 3]],
    ['ab,cb', [2, 3], [2, 3]],
    ['...ij,...jk->...ik', [2, 3, 2, 3], [2, 3, 3, 2]],
    ['...ij,jk->i...k', [2, 2, 3], [3, 2]],
    ['ij,jk,kl->il', [2, 3], [3, 2], [2, 2]],
  ])('%s has the result of ONNX and the correct gradients', async (equation, ...shapes) => {
    const tensors = shapes.map((shape, index) => random(shape, index + 1));
    await expectGenuine(
      (...values) => einsum(equation, ...values),
      { name: 'Einsum', attributes: { equation } },
      tensors,
    );
    await expectRightGradients((...values) => square(einsum(equation, ...values)), tensors);
  });

  it('rejects equations that do not fit', () => {
    const [a, b] = [input('a', [2, 3]), input('b', [2, 3])];
    expectShapeError(() => einsum('ij,jk->ik', a), 'Einsum', '2 terms for 1 operands');
    expectShapeError(() => einsum('ij,jk->ik', a, b), 'Einsum', 'size of j');
    expectShapeError(() => einsum('ijk->i', a), 'Einsum', 'ijk', '2 axes');
    expectShapeError(() => einsum('ii->i', input('c', [2, 2])), 'Einsum', 'ii');
    expectShapeError(() => einsum('ij->ik', a), 'Einsum', 'all labels');
  });
});
