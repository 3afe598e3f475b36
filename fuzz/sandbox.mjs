/** A folder in which commands run: copied from a template, compared before and after, and put back as it was. */
import { cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { extensionOf } from './cases.mjs';
import { damage } from './fileMutations.mjs';
import { forgeCheckpoint } from './forgery.mjs';
import { Random } from './random.mjs';

/** The folders of a sandbox: the current folder of commands, the cache, the user's home, and temporary files. */
export const PARTS = ['work', 'cache', 'home', 'tmp'];

/** Paths are strings of one character per byte, since names on the disk need not be UTF-8. */
const asPath = (binary) => Buffer.from(binary, 'latin1');
const asBinary = (text) => Buffer.from(text).toString('latin1');

/** The variables that keep commands inside a sandbox. */
export const environmentOf = (root) => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(AGENET_|XDG_|NODE_|VITEST)/.test(name))),
  AGENET_CACHE: join(root, 'cache'),
  HOME: join(root, 'home'),
  TMPDIR: join(root, 'tmp'),
});

export class Sandbox {
  #root;
  #template;
  #pristine;

  /** Copies the template, with times, links and pipes. */
  constructor(root, template) {
    this.#root = root;
    this.#template = template;
    execFileSync('cp', ['-a', template, root]);
    this.#pristine = this.snapshot();
  }

  get folder() {
    return join(this.#root, 'work');
  }

  /** Returns type, mode, size, times and inode of every path; only type and mode of folders. */
  snapshot() {
    const found = new Map();
    const visit = (folder) => {
      for (const name of readdirSync(asPath(join(this.#root, folder)), { encoding: 'latin1' }).sort()) {
        const path = folder === '' ? name : `${folder}/${name}`;
        const state = lstatSync(asPath(`${this.#root}/${path}`), { bigint: true });
        const isFolder = state.isDirectory();
        found.set(
          path,
          isFolder
            ? `folder ${state.mode}`
            : `${state.mode} ${state.size} ${state.ino} ${state.mtimeNs} ${state.ctimeNs}`,
        );
        if (isFolder) visit(path);
      }
    };
    visit('');
    return found;
  }

  /** Changes fixtures as a case asks. */
  async prepare({ seed, number, files }) {
    const random = new Random(seed, number, 'files');
    for (const { action, path, by } of files) {
      const [target, source] = [join(this.folder, path), by === undefined ? undefined : join(this.folder, by)];
      if (action === 'damage') damageAt(target, random);
      else if (action === 'damage cache')
        damageAt(join(this.#root, 'cache', random.pick(filesBelow(join(this.#root, 'cache'), path))), random);
      else if (action === 'forge') await forgeCheckpoint(target, source, random);
      else if (action === 'replace') replaceAt(target, source);
      else if (action === 'copy') copyTo(target, source);
      else
        writeFileSync(
          Buffer.concat([Buffer.from(`${target}/`), Buffer.from([0x66, 0xff, 0xfe, 0x80]), Buffer.from('.png')]),
          readFileSync(source),
        );
    }
  }

  /** Puts everything back as it is in the template. */
  restore() {
    const now = this.snapshot();
    const changed = changesBetween(this.#pristine, now);
    // Folders that appeared go with all that is in them.
    for (const { path, kind } of changed)
      if (kind !== 'removed') rmSync(asPath(`${this.#root}/${path}`), { recursive: true, force: true });
    for (const { path, kind } of changed) {
      if (kind !== 'created' && !exists(`${this.#root}/${path}`))
        restoreEntry(`${this.#template}/${path}`, `${this.#root}/${path}`);
    }
    if (changed.length > 0) this.#pristine = this.snapshot();
  }
}

const exists = (binary) => lstatSync(asPath(binary), { throwIfNoEntry: false }) !== undefined;

/** Files in a part of the cache, by their paths in it: of each entry the same ones, whatever its key is. */
const filesBelow = (cache, part) =>
  readdirSync(join(cache, part), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(cache.length + 1))
    .sort();

/** The names of fixtures are ASCII. */
function restoreEntry(from, to) {
  execFileSync('cp', ['-a', from, to]);
}

function damageAt(path, random) {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) writeFileSync(path, damage(readFileSync(path), extensionOf(path), random));
}

function replaceAt(path, source) {
  rmSync(path, { recursive: true, force: true });
  if (exists(asBinary(source))) execFileSync('cp', ['-a', source, path]);
}

function copyTo(path, source) {
  if (!exists(asBinary(source)) || exists(asBinary(path)) || Buffer.byteLength(path.split('/').at(-1)) > 255) return;
  // Not into itself.
  if (path.startsWith(`${source}/`)) return;
  mkdirSync(dirname(path), { recursive: true });
  // Copies keep their times, because caches identify files by them.
  if (lstatSync(source).isFile()) cpSync(source, path, { preserveTimestamps: true });
  else execFileSync('cp', ['-a', source, path]);
}

/**
 * Returns the differences between two snapshots.
 * @returns {{ path: string, kind: 'created' | 'removed' | 'changed' }[]}
 */
export function changesBetween(before, after) {
  const changes = [];
  for (const [path, state] of before) {
    if (!after.has(path)) changes.push({ path, kind: 'removed' });
    else if (after.get(path) !== state) changes.push({ path, kind: 'changed' });
  }
  for (const path of after.keys()) if (!before.has(path)) changes.push({ path, kind: 'created' });
  return changes;
}
