/** Turns a visitor's files into images to train on. */
import type { FolderFile } from '../../components/folderFiles.js';
import { readImage } from '../../components/pixels.js';
import { InputError, messageOf } from '../../../src/errors.js';
import type { TrainingImages } from '../training/images.js';
import { RECONSTRUCTIONS } from '../training/session.js';

/** Fewer than a training can use, and more than a page should keep in memory. */
export const [MIN_IMAGES, MAX_IMAGES] = [20, 5000];
/** Labels are bytes. */
const MAX_CLASSES = 256;
const SIZE = 32;
export const IMAGE_SHAPE = [3, SIZE, SIZE] as const;
const PIXELS = 3 * SIZE ** 2;
/** Images of an iteration. Fewer images are repeated, mirrored at random like all others. */
const BATCH = 32;

/** Files that are in folders of pictures but are no pictures. */
const OTHER_FILE = /^\.|^(?:thumbs\.db|desktop\.ini)$/iu;

export interface VisitorImages {
  images: TrainingImages;
  count: number;
  /** Images of each folder, if there are several folders. */
  classes: readonly (readonly [name: string, count: number])[];
  /** One line on files that were left out, or ''. */
  skipped: string;
}

/**
 * Decodes images as training does: the largest centered square, on white.
 * @param onProgress receives the number of files done
 * @throws {InputError} with one line if too few files are images
 */
export async function readVisitorImages(
  files: readonly FolderFile[],
  onProgress: (done: number) => void,
): Promise<VisitorImages> {
  const candidates = files.filter(({ file }) => !OTHER_FILE.test(file.name)).slice(0, MAX_IMAGES);
  const read: { image: Float32Array; folder: string }[] = [];
  const failures: string[] = [];
  for (const [index, { file, folder }] of candidates.entries()) {
    onProgress(index);
    try {
      const options = { size: SIZE, channels: 3, crop: 'center', padding: null } as const;
      read.push({ image: await readImage(file, options, false), folder });
    } catch (error) {
      failures.push(`${file.name}: ${messageOf(error)}`);
    }
  }
  const skipped = skippedLine(failures, files.length > MAX_IMAGES ? files.length - MAX_IMAGES : 0);
  if (read.length < MIN_IMAGES)
    throw new InputError(
      `${read.length} ${read.length === 1 ? 'image' : 'images'}`,
      `at least ${MIN_IMAGES} are needed${skipped && ` (${skipped})`}`,
      'choose more images',
    );
  const folders = [...new Set(read.map(({ folder }) => folder))].sort();
  const images = read.map(({ image, folder }) => ({
    bytes: Uint8Array.from(image, (value) => Math.round(255 * value)),
    label: folders.indexOf(folder),
  }));
  const training = Array.from({ length: Math.max(1, Math.ceil(BATCH / images.length)) }, () => images).flat();
  const test = spread(images);
  const labelsOf = (each: readonly LabeledImage[]) => Uint8Array.from(each, ({ label }) => label);
  const hasClasses = folders.length > 1 && folders.length <= MAX_CLASSES && !folders.includes('');
  return {
    images: {
      shape: IMAGE_SHAPE,
      training: concatenate(training),
      test: concatenate(test),
      ...(hasClasses && { classes: { names: folders, training: labelsOf(training), test: labelsOf(test) } }),
    },
    count: read.length,
    classes:
      folders.length > 1
        ? folders.map((name) => [name, read.filter(({ folder }) => folder === name).length] as const)
        : [],
    skipped,
  };
}

function skippedLine(failures: readonly string[], beyond: number): string {
  const failed =
    failures.length === 0
      ? []
      : [`${failures.length} ${failures.length === 1 ? 'file' : 'files'} skipped, such as ${failures[0]!}`];
  return [...failed, ...(beyond > 0 ? [`${beyond} files beyond the first ${MAX_IMAGES} left out`] : [])].join('; ');
}

interface LabeledImage {
  bytes: Uint8Array;
  /** The index of its folder. */
  label: number;
}

/** The images whose reconstructions are shown: by turns of each class. */
function spread(images: readonly LabeledImage[]): LabeledImage[] {
  const seen = new Map<number, number>();
  const turns = images.map((image) => {
    const turn = seen.get(image.label) ?? 0;
    seen.set(image.label, turn + 1);
    return { image, turn };
  });
  return turns
    .sort((a, b) => a.turn - b.turn)
    .slice(0, 2 * RECONSTRUCTIONS)
    .map(({ image }) => image);
}

function concatenate(images: readonly LabeledImage[]): Uint8Array {
  const all = new Uint8Array(images.length * PIXELS);
  for (const [index, { bytes }] of images.entries()) all.set(bytes, index * PIXELS);
  return all;
}
