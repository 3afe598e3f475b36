import { dirname, extname } from 'node:path';
import type { Sharp } from 'sharp';
import { InputError } from '../errors.js';
import { makeFolder, wrapWriteErrors, writeFileAtomically } from '../files/atomic.node.js';
import { sharpOf } from './decode.node.js';
import { type GridStyle, imageGrid, imagesIn, squareColumns } from './imageGrid.js';
import { type ImageBatch, imageOf, type Raster } from './raster.js';

const FORMATS = {
  png: ['.png'],
  jpeg: ['.jpg', '.jpeg'],
  webp: ['.webp'],
  avif: ['.avif'],
  tiff: ['.tif', '.tiff'],
};
/** Formats of files. */
export type EncodedFormat = keyof typeof FORMATS;

/** How images are arranged and drawn. */
export interface GridOptions extends GridStyle {
  /** Images per row (default: about as many as rows; of an interpolation, one row per path). */
  columns?: number | undefined;
}

/**
 * Images of one size, with files for people.
 * @example
 * const samples = await model.sample({ count: 16 });
 * await samples.toFile('samples.png');
 * const thumbnail = await samples.toSharp(3).resize(128, 128, { kernel: 'nearest' }).webp().toBuffer();
 */
export class Images implements ImageBatch {
  readonly shape: ImageBatch['shape'];
  readonly count: number;
  /** Bytes [N, C, H, W]. */
  readonly data: Uint8Array;

  constructor(
    { shape, count, data }: ImageBatch,
    readonly columns = squareColumns(count),
  ) {
    this.shape = shape;
    this.count = count;
    this.data = data;
  }

  /** Returns each image as pixels [H, W, C]. */
  toRasters(): Raster[] {
    return imagesIn(this);
  }

  /**
   * Returns one image as an instance of sharp.
   * @throws {InputError} if there is no image of this index
   */
  toSharp(index = 0): Sharp {
    if (!(Number.isInteger(index) && index >= 0 && index < this.count))
      throw new InputError(`image ${index}`, 'not found', `choose from 0 to ${this.count - 1}`);
    return sharpOf(imageOf(this, index));
  }

  /**
   * Encodes all images as one grid, as `agenet sample --scale 1` does.
   * @throws {InputError} if the format is unknown
   */
  async toBuffer(options: GridOptions & { format?: EncodedFormat | undefined } = {}): Promise<Buffer> {
    const { columns = this.columns, scale, captions, format = 'png' } = options;
    if (!Object.hasOwn(FORMATS, format))
      throw new InputError(`format ${format}`, 'unknown', `choose from ${Object.keys(FORMATS).join(', ')}`);
    if (!(Number.isInteger(columns) && columns >= 1))
      throw new InputError('columns', `expected a whole number above 0 but got ${columns}`);
    const grid = imageGrid(this, columns, { scale, captions });
    return sharpOf(grid).toFormat(format).toBuffer();
  }

  /**
   * Writes all images as one grid, completely or not at all. Creates the folder if necessary.
   * @param path its extension determines the format
   * @throws {InputError} if the extension is unknown, or the file cannot be written
   */
  async toFile(path: string, options: GridOptions = {}): Promise<void> {
    const extension = extname(path).toLowerCase();
    const format = (Object.keys(FORMATS) as EncodedFormat[]).find((each) => FORMATS[each].includes(extension));
    if (format === undefined)
      throw new InputError(path, 'unknown extension', `choose from ${Object.values(FORMATS).flat().join(', ')}`);
    const bytes = await this.toBuffer({ ...options, format });
    await wrapWriteErrors(path, () => makeFolder(dirname(path)));
    await writeFileAtomically(path, bytes);
  }
}
