import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CommandModule, subcommand } from '../../src/cli/command.js';
import { readApi } from '../../website/api.mjs';
import { deadLinks } from '../../website/checkLinks.mjs';
import { relativeAddress } from '../../website/addresses.mjs';
import { GALLERY } from '../../website/gallery.mjs';
import { GUIDES } from '../../website/navigation.mjs';
import { sharedTemporaryFolder, temporaryFolder } from '../temporaryFolder.js';

const root = new URL('../../', import.meta.url);
const filesOf = (folder: string, extension: string) =>
  readdirSync(new URL(folder, root), 'utf8').filter((name) => name.endsWith(extension));

function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

describe('the navigation', () => {
  it('leads to every guide once', () => {
    const documents = ['', 'docs/', 'examples/'].flatMap((folder) =>
      filesOf(folder || './', '.md').map((name) => folder + name),
    );
    expect(GUIDES.map(({ file }) => file).sort()).toEqual(documents.sort());
  });
});

describe('the gallery', () => {
  const results = GALLERY.flatMap((chapter) => chapter.results);

  it('shows every picture of the guides once', () => {
    const pictures = results.flatMap((result) => result.pictures).sort();
    expect(pictures).toEqual([...filesOf('docs/images/', '.png'), ...filesOf('docs/images/', '.svg')].sort());
  });

  it('has commands that exist, with options that exist', async () => {
    const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { scripts: object };
    const lines = results.flatMap(({ commands }) => commands.split('\n'));
    for (const line of lines) {
      const [program, ...words] = line.split(' ');
      if (program === 'npm' && words[0] === 'run') expect(Object.keys(scripts), line).toContain(words[1]);
      if (program === 'node') expect(() => readFileSync(new URL(words[0]!, root)), line).not.toThrow();
      if (program !== 'npx') continue;
      const name = words[1]!;
      const module = (await import(`../../src/cli/commands/${name}.ts`)) as CommandModule;
      const command = await module.define(subcommand(name, module));
      const known = command.options.flatMap(({ long }) => long ?? []);
      expect(known, line).toEqual(expect.arrayContaining(line.match(/--[a-z][a-z-]*/g) ?? []));
    }
    expect(lines.length).toBeGreaterThan(60);
  });
});

describe('addresses', () => {
  it.each([
    ['/', '/index.html', './'],
    ['/', '/guides/method.html', '../'],
    ['/guides/method.html#prior', '/guides/method.html', 'method.html#prior'],
    ['/guides/', '/guides/index.html', './'],
    ['/api/', '/guides/method.html', '../api/'],
    ['/icon.svg', '/api/functions/agenet_engine.adam.html', '../../icon.svg'],
    ['/gallery.html#digits', '/index.html', 'gallery.html#digits'],
  ])('lead to %s from %s by %s', (address, page, relative) => {
    expect(relativeAddress(address, page)).toBe(relative);
  });
});

describe('the check of links', () => {
  it('finds files and anchors that do not exist, and addresses outside the site', () => {
    const folder = temporaryFolder();
    const links = ['a/', 'a/#here', 'a/#there', 'a/b.html', '../c.html', '/a/', 'empty/', 'https://x.test/'];
    writeFiles(folder, {
      'index.html': `${links.map((link) => `<a href="${link}">x</a>`).join('')}<img src="picture.png">`,
      'a/index.html': '<h2 id="here">Here</h2><a href="#nowhere">x</a><a href="#/page">x</a>',
      'empty/x.txt': '',
    });
    expect(deadLinks(folder).sort()).toEqual([
      'a/index.html: #nowhere: no such anchor',
      'index.html: ../c.html: leaves the site',
      'index.html: /a/: starts at the root of the host',
      'index.html: a/#there: no such anchor',
      'index.html: a/b.html: no such file',
      'index.html: empty/: no such page',
      'index.html: picture.png: no such file',
    ]);
  });
});

describe('the API reference', () => {
  const folder = sharedTemporaryFolder();
  writeFiles(folder, {
    'README.md': '# API reference\n',
    'agenet/README.md': '# agenet\n',
    'agenet/functions/drawCodes.md':
      '# drawCodes()\n\n| Parameter |  |\n| --- | --- |\n| <a id="a"></a> `prior` | - |\n\n***\n',
    'agenet/interfaces/Codes.md': '# Codes\n\n[path](Run.md#property-path)\n',
    'agenet/web/README.md': '# agenet/web\n',
    'agenet/namespaces/layers/README.md': '# layers\n',
    'agenet/namespaces/layers/functions/conv.md': '# conv()\n',
  });
  const documents = new Map(readApi(folder).map((document) => [document.address, document]));

  it('has a page for each module and each name, with the code that imports it', () => {
    expect(Object.fromEntries([...documents].map(([address, { importedBy }]) => [address, importedBy]))).toEqual({
      '/api/index.html': undefined,
      '/api/agenet/index.html': undefined,
      '/api/agenet/functions/drawCodes.html': "import { drawCodes } from 'agenet'",
      '/api/agenet/interfaces/Codes.html': "import type { Codes } from 'agenet'",
      '/api/agenet/web/index.html': undefined,
      '/api/agenet/namespaces/layers/index.html': undefined,
      '/api/agenet/namespaces/layers/functions/conv.html': "import { layers } from 'agenet'",
    });
  });

  it('has a menu of modules, and of names of the same kind', () => {
    const { menu } = documents.get('/api/agenet/functions/drawCodes.html')!;
    expect(menu.map(({ name, address, guides }) => [name, address, guides.map(({ label }) => label)])).toEqual([
      ['Modules', undefined, ['Overview', 'agenet', 'agenet layers', 'agenet/web']],
      ['Functions', undefined, ['drawCodes']],
      ['Interfaces', '/api/agenet/index.html#interfaces', []],
    ]);
  });

  it('has no anchors of rows, and no dashes in empty cells', () => {
    expect(documents.get('/api/agenet/functions/drawCodes.html')!.source.trim()).toBe(
      '# drawCodes()\n\n| Parameter |  |\n| --- | --- |\n| `prior` |  |',
    );
    expect(documents.get('/api/agenet/interfaces/Codes.html')!.source).toContain('[path](Run.md)');
  });
});
