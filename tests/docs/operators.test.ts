import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { IMPORTERS } from '../../src/engine/import/importers.js';

it('the guide to training lists the operators of imported models', () => {
  const guide = readFileSync(new URL('../../docs/training-onnx.md', import.meta.url), 'utf8');
  const [, list] = /which have gradients:\n\n(.*?)\n\n/su.exec(guide)!;
  expect(Array.from(list!.matchAll(/`(\w+)`/gu), ([, name]) => name)).toEqual(Object.keys(IMPORTERS).sort());
});
