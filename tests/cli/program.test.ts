import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { COMMAND_GROUPS, type CommandModule, subcommand } from '../../src/cli/command.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';

const SOURCES = new URL('../../src/cli/commands/', import.meta.url);
const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const MAIN = join(DIST, 'cli/main.js');
const COMMANDS = readdirSync(SOURCES).map((file) => file.replace(/\.ts$/, ''));

describe('each file of commands/', () => {
  it.each(COMMANDS)('%s defines a command of this name', async (name) => {
    const module = (await import(new URL(`${name}.ts`, SOURCES).href)) as CommandModule;
    expect(module.summary).toMatch(/^[a-z].*[^.]$/);
    expect(COMMAND_GROUPS).toContain(module.group);
    const command = await module.define(subcommand(name, module));
    expect([command.name(), command.summary()]).toEqual([name, module.summary]);
    for (const option of command.options) expect(option.description, option.flags).toMatch(/^[a-z0-9"'-].*[^.]$/i);
  });
});

describe('loading', () => {
  const folder = sharedTemporaryFolder();

  /** Runs a file with a hook that records the address of each module, and returns these. */
  function loadedBy(file: string, ...args: readonly string[]): string {
    const log = join(folder, `${basename(file)}${args.join('')}.txt`);
    const load = `import fs from 'node:fs'; export async function load(url, context, next) { fs.appendFileSync(${JSON.stringify(log)}, url + '\\n'); return next(url, context); }`;
    const hook = `import { register } from 'node:module'; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(load)}`)});`;
    execFileSync(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, file, ...args]);
    const loaded = readFileSync(log, 'utf8');
    expect(loaded).toContain(file);
    return loaded;
  }

  /** The packages among modules. */
  const packagesIn = (loaded: string): string[] =>
    [...new Set(Array.from(loaded.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)/g), ([, name]) => name!))].sort();

  it.each([['--version'], ['--help']])('%s loads only packages that every command line needs', (flag) => {
    expect(['@commander-js/extra-typings', 'pure-rand']).toEqual(
      expect.arrayContaining(packagesIn(loadedBy(MAIN, flag))),
    );
  });

  it('--help loads neither the engine nor the method', () => {
    // `prepareProcess` is in a file of its own.
    expect(
      Array.from(
        loadedBy(MAIN, '--help').matchAll(/dist\/(?:engine(?!\/runtime\/onnxRuntime)|age|networks|classifiers)\/\S+/g),
        ([path]) => path,
      ),
    ).toEqual([]);
  });

  const HEAVY = ['koffi', 'onnxruntime-node', 'sharp', 'umap-js', 'yaml', 'zod'];

  it('--help of all commands loads no heavy package', () => {
    const script = join(folder, 'help.mjs');
    const lines = COMMANDS.map((name) => `await run(['${name}', '--help']);`);
    writeFileSync(script, `import { run } from '${join(DIST, 'cli/program.js')}';\n${lines.join('\n')}\n`);
    const loaded = loadedBy(script);
    for (const name of COMMANDS) expect(loaded).toContain(`dist/cli/commands/${name}.js`);
    expect(packagesIn(loaded).filter((each) => HEAVY.includes(each))).toEqual([]);
  });

  it.each(['index.js', 'node.js'])('the library as %s loads no package that only some functions need', (file) => {
    expect(packagesIn(loadedBy(join(DIST, file))).filter((each) => HEAVY.includes(each))).toEqual([]);
  });
});
