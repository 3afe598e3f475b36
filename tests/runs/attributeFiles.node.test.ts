import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeSafetensors } from '../../src/engine/index.js';
import { type Attribute, decodeAttribute, encodeAttribute } from '../../src/model/attribute.js';
import { AttributeFiles, attributeNameOf, checkAttributeName } from '../../src/runs/attributeFiles.node.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';

const attribute = (name: string, ...direction: number[]): Attribute => ({
  name,
  direction: Float32Array.from(direction),
  origin: { data: 'mnist', split: 'train', with: '3', without: 'rest', countWith: 5, countWithout: 7, step: 10, raw: false },
});

describe('attributes in a run folder', () => {
  it('are read as they were written, with where they come from', async () => {
    const files = new AttributeFiles(temporaryFolder());
    const file = await files.write(attribute('smile', 1, -2, 3));
    expect(file).toMatch(/attributes.smile\.safetensors$/);
    expect(await files.read('smile')).toEqual(attribute('smile', 1, -2, 3));
  });

  it('are replaced by later ones of the same name, and listed in order', async () => {
    const run = temporaryFolder();
    const files = new AttributeFiles(run);
    expect(await files.names()).toEqual([]);
    await files.write(attribute('b', 1, 2));
    await files.write(attribute('a', 1, 2));
    await files.write(attribute('b', 3, 4));
    expect(await files.names()).toEqual(['a', 'b']);
    expect((await files.read('b')).direction).toEqual(Float32Array.of(3, 4));
    expect(readdirSync(join(run, 'attributes'))).toHaveLength(2);
  });

  it('that there are not are refused with those that there are', async () => {
    const files = new AttributeFiles(temporaryFolder());
    await expectInputError(() => files.read('smile'), 'no attribute "smile"', 'agenet attribute');
    await files.write(attribute('smile', 1));
    await expectInputError(() => files.read('smiel'), 'did you mean smile?', 'there is smile');
  });

  it('that are damaged, or none, are refused with the name of the file', async () => {
    const run = temporaryFolder();
    mkdirSync(join(run, 'attributes'));
    const tensors = { direction: { shape: [2], data: Float32Array.of(1, 2) } };
    writeFileSync(join(run, 'attributes', 'cut.safetensors'), encodeAttribute(attribute('cut', 1, 2, 3)).subarray(0, -4));
    writeFileSync(join(run, 'attributes', 'foreign.safetensors'), encodeSafetensors({ tensors, metadata: {} }));
    writeFileSync(
      join(run, 'attributes', 'torn.safetensors'),
      encodeSafetensors({ tensors, metadata: { format: 'agenet attribute 1', name: 'torn', origin: '{' } }),
    );
    const files = new AttributeFiles(run);
    await expectInputError(() => files.read('cut'), 'cut.safetensors', 'cut short');
    await expectInputError(() => files.read('foreign'), 'foreign.safetensors', 'not an attribute');
    await expectInputError(() => files.read('torn'), 'torn.safetensors', 'damaged');
    await expectInputError(() => decodeAttribute(encodeAttribute(attribute('endless', Infinity)), 'endless'), 'endless', 'not finite');
  });

  it.each(['', '../up', '.hidden', 'a/b', 'a b', '-x'])('are never called "%s"', async (name) => {
    await expectInputError(() => checkAttributeName(name), `attribute name "${name}"`);
    await expectInputError(() => new AttributeFiles(temporaryFolder()).write(attribute(name, 1)), `attribute name "${name}"`);
    checkAttributeName(attributeNameOf(name));
  });

  it('get names made of any text', () => {
    expect(attributeNameOf('smiling face-not-5')).toBe('smiling-face-not-5');
    expect(attributeNameOf('Lächeln')).toBe('Lächeln');
  });
});
