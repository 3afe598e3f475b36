/** The pages of the site, by Eleventy: home, guides and gallery. */
import { Eleventy } from '@11ty/eleventy';
import markdownIt from 'markdown-it';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { PARTS, withRelativeAddresses } from './addresses.mjs';
import { GALLERY } from './gallery.mjs';
import { homeData } from './home.mjs';
import { codeBlock, configureMarkdown, outlineOf, SMALL_PICTURE } from './markdown.mjs';
import { GROUPS, GUIDES, neighborsOf } from './navigation.mjs';

const pathOf = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const read = (path) => readFileSync(pathOf(path), 'utf8');

/** Fewer headings need no list. */
const MIN_HEADINGS = 3;
/** More headings than fit on a screen: only those of the second level are listed. */
const MAX_HEADINGS = 24;

/** Width and height of the pictures of the guides by address. */
async function measurePictures() {
  const names = readdirSync(pathOf('docs/images'));
  const sizes = await Promise.all(
    names.map(async (name) => {
      const { width, height } = await sharp(pathOf(`docs/images/${name}`)).metadata();
      return [`/images/${name}`, { width, height }];
    }),
  );
  return new Map(sizes);
}

/** One page per guide. Returns the sections of all guides, for the search. */
function addGuides(config, md) {
  const sections = [];
  for (const guide of GUIDES) {
    const source = read(guide.file);
    const outline = outlineOf(md, source, guide.file);
    const headings = outline.sections.filter(({ level }) => level === 2 || level === 3);
    config.addTemplate(guide.address.slice(1).replace(/html$/u, 'md'), source, {
      layout: 'guide.njk',
      permalink: guide.address,
      title: outline.title,
      description: guide.summary,
      file: guide.file,
      sections: outline.sections,
      hasContents: headings.length >= MIN_HEADINGS,
      showsSubsections: headings.length <= MAX_HEADINGS,
      neighbors: neighborsOf(guide),
    });
    for (const { level, anchor, heading, text } of outline.sections)
      sections.push({
        title: level === 1 ? guide.label : `${guide.label}: ${heading}`,
        text: text.trim().replaceAll(/\s+/gu, ' '),
        address: guide.address.slice(1) + (level === 1 ? '' : `#${anchor}`),
      });
  }
  return sections;
}

/**
 * Writes the pages.
 * @param out the folder
 * @param assets scripts and styles by name
 * @param runtime addresses of the files of ONNX Runtime
 * @returns the sections of all guides
 */
export async function writePages(out, assets, runtime) {
  const sizes = await measurePictures();
  const md = configureMarkdown(markdownIt(), sizes);
  const { version, license } = JSON.parse(read('package.json'));
  let sections = [];
  const configure = (config) => {
    config.setIncludesDirectory('../layouts');
    config.setTemplateFormats(['njk', 'md']);
    config.setLibrary('md', md);
    // Eleventy switches indented code off.
    config.amendLibrary('md', (library) => library.enable('code'));
    config.setUseGitIgnore(false);
    config.setNunjucksEnvironmentOptions({ throwOnUndefined: false });
    const data = { groups: GROUPS, gallery: GALLERY, parts: PARTS, version, license, assets, runtime };
    for (const [name, value] of Object.entries({ ...data, home: homeData(read), markdownTemplateEngine: false }))
      config.addGlobalData(name, value);
    config.addFilter('codeBlock', (code) => codeBlock(code, ''));
    config.addFilter('sizeOf', (name) => {
      const { width, height } = sizes.get(`/images/${name}`);
      return `width="${width}" height="${height}"${width < SMALL_PICTURE ? ' class="pixels"' : ''}`;
    });
    config.addTransform('relative', function (html) {
      return withRelativeAddresses(html, this.page.outputPath.slice(out.length));
    });
    config.addPassthroughCopy({ 'website/public': '.', 'docs/images': 'images', LICENSE: 'LICENSE.txt' });
    config.addPassthroughCopy({ 'pages/playground/public/icon.svg': 'icon.svg' });
    sections = addGuides(config, md);
    return { markdownTemplateEngine: false };
  };
  const eleventy = new Eleventy('website/pages', out, { quietMode: true, configPath: false, config: configure });
  await eleventy.write();
  return sections;
}
