/** Drawn pictures for visitors without their own: flowers and fish, each of another color and shape. */
import type { FolderFile } from '../../components/folderFiles.js';
import { type RandomStream, randomStream } from '../../../src/random.js';

export const EXAMPLES = 200;
/** Pixels of a side. */
export const EXAMPLE_SIDE = 64;
const CENTER = EXAMPLE_SIDE / 2;

type Context = OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D;

const FOLDERS = { flowers: drawFlower, fish: drawFish };
const NAMES = Object.keys(FOLDERS) as (keyof typeof FOLDERS)[];
const nameOf = (index: number) => NAMES[index % NAMES.length]!;

/** Draws the picture of an index at the origin of a canvas. */
export function drawExample(context: Context, index: number): void {
  const stream = randomStream(index, 'example');
  const name = nameOf(index);
  context.fillStyle = colorOf(stream, name === 'fish' ? [190, 230] : [90, 140], 82);
  context.fillRect(0, 0, EXAMPLE_SIDE, EXAMPLE_SIDE);
  context.save();
  context.translate(CENTER + between(stream, [-4, 4]), CENTER + between(stream, [-4, 4]));
  FOLDERS[name](context, stream);
  context.restore();
}

export const readExamples = (): Promise<FolderFile[]> =>
  Promise.all(
    Array.from({ length: EXAMPLES }, async (_, index) => {
      const canvas = new OffscreenCanvas(EXAMPLE_SIDE, EXAMPLE_SIDE);
      drawExample(canvas.getContext('2d')!, index);
      return { file: new File([await canvas.convertToBlob()], `${index}.png`), folder: nameOf(index) };
    }),
  );

function drawFlower(context: Context, stream: RandomStream): void {
  const petals = 5 + stream.below(4);
  const length = between(stream, [9, 13]);
  const turn = between(stream, [0, Math.PI]);
  context.fillStyle = '#3c7d35';
  context.fillRect(-1.5, 0, 3, EXAMPLE_SIDE);
  context.fillStyle = colorOf(stream, [260, 400], 58);
  for (let petal = 0; petal < petals; petal++) {
    const angle = turn + (2 * Math.PI * petal) / petals;
    drawEllipse(context, [length * Math.cos(angle), length * Math.sin(angle)], [length, 5.5], angle);
  }
  context.fillStyle = colorOf(stream, [40, 55], 55);
  drawEllipse(context, [0, 0], [6, 6]);
}

function drawFish(context: Context, stream: RandomStream): void {
  const [length, height] = [between(stream, [15, 20]), between(stream, [8, 13])];
  context.scale(stream.uniform() < 0.5 ? -1 : 1, 1);
  context.rotate(between(stream, [-0.3, 0.3]));
  context.fillStyle = colorOf(stream, [0, 70], 52);
  context.beginPath();
  context.moveTo(-0.7 * length, 0);
  context.lineTo(-1.6 * length, -0.8 * height);
  context.lineTo(-1.6 * length, 0.8 * height);
  context.fill();
  drawEllipse(context, [0, 0], [length, height]);
  context.fillStyle = 'white';
  drawEllipse(context, [0.5 * length, -0.2 * height], [4, 4]);
  context.fillStyle = 'black';
  drawEllipse(context, [0.55 * length, -0.2 * height], [2, 2]);
}

type Pair = readonly [number, number];

function drawEllipse(context: Context, center: Pair, radii: Pair, angle = 0): void {
  context.beginPath();
  context.ellipse(...center, ...radii, angle, 0, 2 * Math.PI);
  context.fill();
}

const between = (stream: RandomStream, [least, most]: Pair): number => least + (most - least) * stream.uniform();

const colorOf = (stream: RandomStream, hues: Pair, lightness: number): string =>
  `hsl(${between(stream, hues)} 75% ${lightness}%)`;
