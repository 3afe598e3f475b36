import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, nearestName } from '../errors.js';
import { makeFolder, reading, writeFileAtomically, writing } from '../files.node.js';
import { type Attribute, decodeAttribute, encodeAttribute } from './attribute.js';

const FOLDER = 'attributes';
const ENDING = '.safetensors';
/** Names become names of files. */
const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u;

/** The attributes in a run folder: `attributes/NAME.safetensors`. */
export class AttributeFiles {
  private readonly folder: string;

  constructor(private readonly run: string) {
    this.folder = join(run, FOLDER);
  }

  /** Writes an attribute, in the place of an earlier one of its name, and returns the file's path. Throws InputError if it cannot. */
  async write(attribute: Attribute): Promise<string> {
    checkAttributeName(attribute.name);
    const file = this.fileOf(attribute.name);
    await writing(this.folder, () => makeFolder(this.folder));
    await writeFileAtomically(file, encodeAttribute(attribute));
    return file;
  }

  /** Reads an attribute by its name. Throws InputError that names those that there are if there is none of this name. */
  async read(name: string): Promise<Attribute> {
    const names = await this.names();
    if (!names.includes(name)) {
      const nearest = nearestName(name, names);
      const known = names.length > 0 ? `there is ${names.join(', ')}` : 'make one with agenet attribute';
      throw new InputError(`${this.run}: the run has no attribute "${name}"${nearest === undefined ? '' : `, did you mean ${nearest}?`} (${known})`);
    }
    const file = this.fileOf(name);
    const bytes = await reading(file, () => readFile(file));
    return decodeAttribute(bytes, file);
  }

  /** The names of all attributes in alphabetical order. */
  async names(): Promise<string[]> {
    const files = await readdir(this.folder).catch(() => []);
    return files
      .filter((file) => file.endsWith(ENDING) && !file.startsWith('.'))
      .map((file) => file.slice(0, -ENDING.length))
      .sort();
  }

  private fileOf(name: string): string {
    return join(this.folder, `${name}${ENDING}`);
  }
}

/** Throws InputError for a name that could not be a file's everywhere. */
export function checkAttributeName(name: string): void {
  if (!NAME.test(name) || name.length > 100) throw new InputError(`attribute name "${name}": should be letters, digits, "_", "-" and ".", such as smiling`);
}

/** A name that attributes may have, made of any text. */
export const attributeNameOf = (text: string): string => text.replace(/[^\p{L}\p{N}_.-]+/gu, '-').replace(/^[-.]+|-+$/g, '') || 'attribute';
