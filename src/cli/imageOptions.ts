/** Options of commands that write image grids and animations. */
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import type { GridStyle } from '../images/imageGrid.js';
import type { GraphicsProtocol } from '../images/terminalGraphics.node.js';
import { parseNumber, wholeNumber } from './options.js';

/** The library's list would load more than help needs. */
const PROTOCOLS = Object.keys({ kitty: true, iterm2: true, sixel: true } satisfies Record<
  GraphicsProtocol,
  true
>) as GraphicsProtocol[];

export type Show = 'auto' | GraphicsProtocol;

export interface ImageOptions {
  readonly scale?: number | undefined;
  readonly captions?: true | undefined;
  readonly show?: Show | undefined;
  readonly fps?: number | undefined;
}

export const scaleOption = () =>
  new Option(
    '--scale <number>',
    'enlarge each pixel to NxN pixels (default: the largest N up to 4 at which images fit 1024x1024)',
  ).argParser(wholeNumber(1, 32));

export const captionsOption = (what: string) => new Option('--captions', `write ${what} below each image`);

export const showOption = () =>
  new Option('--show [protocol]', 'also display the image in the terminal, by a protocol or the one that is detected')
    .choices(['auto', ...PROTOCOLS] as const)
    .preset('auto' as const);

const [MIN_FPS, MAX_FPS] = [0.1, 50];

export const fpsOption = (fps: number) =>
  new Option('--fps <number>', `frames per second of an animation (default: ${fps})`).argParser((text) => {
    const value = parseNumber(text);
    if (value < MIN_FPS || value > MAX_FPS)
      throw new InvalidArgumentError(`It must be a number from ${MIN_FPS} to ${MAX_FPS}.`);
    return value;
  });

/** @param captionsOf returns the lines below each image */
export const gridStyle = ({ scale, captions }: ImageOptions, captionsOf: () => string[][] = () => []): GridStyle => ({
  scale: scale ?? 'fit',
  ...(captions ? { captions: captionsOf() } : {}),
});
