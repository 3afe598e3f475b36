/** The pages of the site, by Eleventy: home, guides, API reference and gallery. */
import { Eleventy } from '@11ty/eleventy';
import markdownIt from 'markdown-it';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { PARTS, withRelativeAddresses } from './addresses.mjs';
import { GALLERY } from './gallery.mjs';
import { homeData } from './home.mjs';
import { codeBlock, configureMarkdown, outlineOf, SMALL_PICTURE } from './markdown.mjs';
import { ADDRESSES, GROUPS, GUIDES, neighborsOf } from './navigation.mjs';

const pathOf = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const read = (path) => readFileSync(pathOf(path), 'utf8');

/** Fewer headings need no list. */
const MIN_HEADINGS = 3;
/** More headings than fit on a screen: a guide lists only those of the second level. */
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

/**
 * One page per document.
 * @param documents guides, or documents of `readApi`, with their source
 * @returns the sections of all, for the search
 */
function addDocuments(config, md, documents) {
  return documents.flatMap(({ source, file, address, ...data }) => {
    const { title, sections } = outlineOf(md, source, file);
    const headings = sections.filter(({ level }) => level === 2 || level === 3);
    config.addTemplate(address.slice(1).replace(/html$/u, 'md'), source, {
      layout: 'guide.njk',
      permalink: address,
      title,
      description: data.summary ?? `${data.label}: API of agenet`,
      file,
      sections,
      hasContents: headings.length >= MIN_HEADINGS,
      showsSubsections: headings.length <= MAX_HEADINGS || data.part === 'API',
      ...data,
    });
    return data.part === 'API' ? apiSections(data, address, sections) : guideSections(data, address, sections);
  });
}

const addressOf = (address, { level, anchor }) => address.slice(1) + (level === 1 ? '' : `#${anchor}`);

const guideSections = ({ label }, address, sections) =>
  sections.map((section) => ({
    title: section.level === 1 ? label : section.heading,
    place: section.level === 1 ? 'Guide' : label,
    text: section.text,
    more: section.more,
    address: addressOf(address, section),
  }));

/** Names, and names of their methods. */
const apiSections = ({ label, module, folder }, address, sections) =>
  sections
    .filter(({ level }) => level === 1 || (folder === 'classes' && level === 3))
    .map((section) => ({
      title: section.level === 1 ? (folder ? label : section.heading) : `${label}.${section.heading}`,
      place: folder ? `API: ${module}` : 'API',
      text: section.text,
      // The tables of a module have all of its names.
      more: folder ? section.more : '',
      address: addressOf(address, section),
    }));

/**
 * Writes the pages.
 * @param out the folder
 * @param assets scripts and styles by name, and the font
 * @param runtime addresses of the files of ONNX Runtime
 * @param api documents of `readApi`
 * @returns the sections of all documents, for the search
 */
export async function writePages(out, assets, runtime, api) {
  const sizes = await measurePictures();
  const addresses = new Map([...ADDRESSES, ...api.map(({ file, address }) => [file, address])]);
  const md = configureMarkdown(markdownIt(), sizes, addresses);
  const guides = GUIDES.map((guide) => ({
    ...guide,
    source: read(guide.file),
    menu: GROUPS,
    neighbors: neighborsOf(guide),
  }));
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
    sections = addDocuments(config, md, [...guides, ...api]);
    return { markdownTemplateEngine: false };
  };
  const eleventy = new Eleventy('website/pages', out, { quietMode: true, configPath: false, config: configure });
  await eleventy.write();
  return sections;
}
