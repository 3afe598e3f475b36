import { checkName, RunAssets } from './runAssets.node.js';
import { type Attribute, decodeAttribute, encodeAttribute } from '../model/attribute.js';

const KIND = { noun: 'attribute', command: 'agenet attribute', folder: 'attributes', encode: encodeAttribute, decode: decodeAttribute };

/** The attributes in a run folder: `attributes/NAME.safetensors`. */
export class AttributeFiles extends RunAssets<Attribute> {
  constructor(run: string) {
    super(run, KIND);
  }
}

/** Throws InputError for a name that could not be a file's everywhere. */
export const checkAttributeName = (name: string): void => checkName(name, KIND.noun);

/** A name that attributes may have, made of any text. */
export function attributeNameOf(text: string): string {
  const name = text.replace(/[^\p{L}\p{N}_.-]+/gu, '-').replace(/^[-.]+/, '');
  const end = Array.from(name).findLastIndex((letter) => letter !== '-') + 1;
  return Array.from(name).slice(0, end).join('') || 'attribute';
}
