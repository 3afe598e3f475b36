/** Measurements of the home page, read from the tables of the guides, and its examples. */
import { codeBlock } from './markdown.mjs';

/** The rows of the first table of a document whose header contains a text, as cells without markup. */
function tableOf(document, header) {
  const lines = document.split('\n');
  const start = lines.findIndex((line) => line.startsWith('|') && line.includes(header));
  if (start < 0) throw new Error(`no table with the header ${header}`);
  const cellsOf = (line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', ''));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map(cellsOf);
}

/** The row of a table with this first cell. */
function rowOf(rows, name) {
  const row = rows.find(([first]) => first === name);
  if (!row) throw new Error(`no row ${name}`);
  return row;
}

/** Cases of the comparison, and their names on the home page. */
const CASES = {
  'width 64': 'Width 64',
  'width 32': 'Width 32',
  'width 16': 'Width 16',
  'width 64, one thread': 'Width 64, one thread',
  'dcgan64, three generator updates, latent size 64, width 64': '64x64 pixels, width 64',
};

function speed(document) {
  const rows = tableOf(document, 'agenet, s');
  const cases = Object.entries(CASES).map(([name, label]) => {
    const [, ours, theirs, ratio] = rowOf(rows, name);
    return { label, ours: Number(ours), theirs: Number(theirs), ratio };
  });
  const longest = Math.max(...cases.flatMap(({ ours, theirs }) => [ours, theirs]));
  const paragraph = document.split('\n\n').find((text) => text.startsWith('Machine: '));
  if (!paragraph) throw new Error('docs/performance.md does not state the machine');
  const [machine] = paragraph.replaceAll('\n', ' ').split(/\. (?=[`A-Z])/u);
  return { cases, longest, machine: machine.replace('Machine: ', '') };
}

function timeToQuality(document) {
  const rows = tableOf(document, '| iterations | seconds |');
  return ['PyTorch, published recipe', 'agenet, default recipe'].map((name) => {
    const [, iterations, seconds, fid, l1, accuracy] = rowOf(rows, name);
    return { name, iterations, seconds, fid: fid.split(' ')[0], l1, accuracy };
  });
}

const QUALITIES = {
  'reconstruction L1': 'Reconstruction error (L1)',
  'FID of the prior, one pass': 'FID of samples of the prior',
  'accuracy on codes, 100 and 1,000 labels': 'Accuracy from 100 and 1,000 labels',
  midpoint_fid: 'FID halfway between two images',
};

const quality = (document) => {
  const rows = tableOf(document, '| published | concentrated | alternating | default |');
  return Object.entries(QUALITIES).map(([name, label]) => {
    const [, published, , , ours] = rowOf(rows, name);
    return { label, published, ours };
  });
};

/** Code of an example of the README, and of a page. */
const exampleOf = (read, name) => codeBlock(read(`examples/${name}`), 'js');

export const homeData = (read) => ({
  speed: speed(read('docs/performance.md')),
  timeToQuality: timeToQuality(read('docs/performance.md')),
  quality: quality(read('docs/recipes.md')),
  command: 'npm ci && npm run demo',
  node: exampleOf(read, 'sample.mjs'),
  page: exampleOf(read, 'webSample.mjs'),
  terminal: codeBlock(
    `npx agenet train photos --flip --out runs/photos
npx agenet sample runs/photos --out samples.png
npx agenet interpolate runs/photos --out walk.webp
npx agenet export runs/photos --web --out page`,
    'shell',
  ),
});
