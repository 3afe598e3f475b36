import { describe, expect, it } from 'vitest';
import { nativeFormat, openSource, SOURCE_NAMES } from '../../src/data/open.node.js';
import { expectInputError } from '../rejection.js';

describe('a data set by its name', () => {
  it('is opened in its own format', async () => {
    expect(nativeFormat('mnist')).toEqual({ size: 32, channels: 1 });
    expect(await openSource('mnist')).toMatchObject({ name: 'mnist', size: [32, 32], channels: 1 });
  });

  it('is opened in the format that is asked for', async () => {
    expect(await openSource('mnist', { size: 32, channels: 3 })).toMatchObject({ size: [32, 32], channels: 3 });
  });

  it('is refused in a format that it cannot have', async () => {
    await expectInputError(() => openSource('mnist', { size: 33, channels: 1 }), 'size 33');
  });

  it.each(['mnsit-digits', '', 'toString', '__proto__', 'MNIST2000'])('is refused where there is none: "%s"', async (name) => {
    await expectInputError(() => openSource(name), `data "${name}"`, ...SOURCE_NAMES);
    await expectInputError(() => nativeFormat(name), `data "${name}"`);
  });

  it('is suggested where a letter is wrong', async () => {
    await expectInputError(() => openSource('mnis'), 'did you mean mnist?');
  });
});
