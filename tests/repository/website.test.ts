import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CommandModule, subcommand } from '../../src/cli/command.js';
import { deadLinks } from '../../website/checkLinks.mjs';
import { relativeAddress } from '../../website/addresses.mjs';
import { GALLERY } from '../../website/gallery.mjs';
import { GUIDES } from '../../website/navigation.mjs';
import { copyApi } from '../../website/parts.mjs';
import { temporaryFolder } from '../temporaryFolder.js';

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
    const links = [
      'a/',
      'a/#here',
      'a/#there',
      'a/b.html',
      '../c.html',
      '/a/',
      'api/x.html',
      'empty/',
      'https://x.test/',
    ];
    writeFiles(folder, {
      'index.html': `${links.map((link) => `<a href="${link}">x</a>`).join('')}<img src="picture.png">`,
      'a/index.html': '<h2 id="here">Here</h2><a href="#nowhere">x</a><a href="#/page">x</a>',
      'empty/x.txt': '',
    });
    expect(deadLinks(folder, ['api']).sort()).toEqual([
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
  it('has the links of the site, guides in place of documents, and no links to source files', () => {
    const [from, to] = [temporaryFolder(), join(temporaryFolder(), 'api')];
    const page = [
      '<html><head></head><body><h1>adam</h1><div class="col-content"><h4>Parameters</h4></div>',
      '<summary><h2>Functions<a href="#functions" class="tsd-anchor-icon">link</a></h2></summary>',
      '<header class="tsd-page-toolbar"></header>',
      '<a href="../media/web.md#the-playground">x</a> <a href="../media/README.md">x</a>',
      '<li>Defined in <a href="../engine/adam.ts#L27">src/engine/adam.ts:27</a></li></body></html>',
    ].join('');
    writeFiles(from, {
      'functions/agenet_engine.adam.html': page,
      'assets/style.css': '',
      'media/web.md': '',
    });
    const sections = copyApi(from, to, 'body { color: black }');
    const html = readFileSync(join(to, 'functions/agenet_engine.adam.html'), 'utf8');
    expect(html).toContain('<a href="../../guides/web.html#the-playground">');
    expect(html).toContain('<a href="../../guides/overview.html">');
    expect(html).toContain('<a href="../../">Home</a>');
    expect(html).toContain('Defined in src/engine/adam.ts:27');
    // Structure that readers with a screen reader need.
    expect(html).toContain('<div class="col-content" role="main"><h4 aria-level="2">');
    expect(html).toContain('<summary><h2>Functions</h2></summary>');
    expect(readdirSync(join(to, 'media'))).toEqual([]);
    expect(sections).toContainEqual({
      title: 'adam',
      text: 'API: function of agenet/engine',
      address: 'api/functions/agenet_engine.adam.html',
    });
  });
});
