/** Reconstructions of images that the visitor drops, pastes or chooses. */
import type { PageModel } from '../../src/export/pageModel.js';
import { canvasOf, create, find, messageOf, tileOf } from './elements.js';
import type { Networks, Point } from './networks.js';
import { readImage } from './pixels.js';

/** Older images are removed from the page. */
const MAX_IMAGES = 60;
/** Problems of files that are shown; others are counted. */
const MAX_PROBLEMS = 3;

/** Reconstructs images from now on. */
export function acceptImages(model: PageModel, networks: Networks, onSelect: (point: Point) => void): void {
  const list = find('images');
  const reconstruct = async (file: File): Promise<void> => {
    const original = await readImage(file, model.preprocessing, find<HTMLInputElement>('invert').checked);
    const code = await networks.encode(original);
    const point = { code, distance: 0, image: await networks.generate({ code, distance: 0 }) };
    const difference = create('span', { className: 'caption', textContent: `L1 ${l1(original, point.image).toFixed(3)}` });
    const name = create('span', { className: 'caption', textContent: file.name, title: file.name });
    const pair = [canvasOf(original, model.shape), tileOf(point, model.shape, `Reconstruction of ${file.name}: select for the walk`, onSelect)];
    list.prepend(create('li', {}, ...pair, name, difference));
    while (list.children.length > MAX_IMAGES) list.lastElementChild!.remove();
    onSelect(point);
  };
  const accept = async (files: readonly File[]): Promise<void> => {
    const problems: string[] = [];
    showProblems(problems);
    for (const file of files) {
      await reconstruct(file).catch((error: unknown) => {
        problems.push(`${file.name}: ${messageOf(error)}`);
        showProblems(problems);
      });
    }
  };
  // One set of files after another, so that their problems do not replace each other.
  let last = Promise.resolve();
  listen((files) => {
    if (files.length > 0) last = last.then(() => accept(files));
  });
}

function showProblems(problems: readonly string[]): void {
  const rest = problems.length - MAX_PROBLEMS;
  find('problems').textContent = [...problems.slice(0, MAX_PROBLEMS), ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}

/** The mean difference of pixels in [-1, 1], as in `reconstruction_l1`. */
const l1 = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, index) => sum + 2 * Math.abs(value - b[index]!), 0) / a.length;

/** Keeps the browser from opening files that are dropped on the page. */
export function keepFiles(): void {
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => event.preventDefault());
}

/** Passes images that are chosen, dropped or pasted. */
function listen(accept: (files: readonly File[]) => void): void {
  const input = find<HTMLInputElement>('files');
  input.addEventListener('change', () => {
    accept(Array.from(input.files ?? []));
    // The same file can then be chosen again.
    input.value = '';
  });
  input.disabled = false;
  const area = find('drop');
  document.addEventListener('drop', (event) => {
    area.classList.remove('over');
    accept(Array.from(event.dataTransfer?.files ?? []));
  });
  area.addEventListener('dragenter', () => area.classList.add('over'));
  area.addEventListener('dragleave', ({ relatedTarget }) => area.classList.toggle('over', area.contains(relatedTarget as Node | null)));
  document.addEventListener('paste', (event) => accept(Array.from(event.clipboardData?.files ?? [])));
}
