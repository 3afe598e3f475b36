/** Reconstructions of images that the visitor draws, drops, pastes or chooses. */
import { useRef, useState } from 'preact/hooks';
import { messageOf } from '../../src/errors.js';
import { oneAtATime } from '../../src/turns.js';
import { DrawingPad } from './drawingPad.js';
import { conditionOfImage } from './conditions.js';
import { DropArea, useDroppedFiles } from './dropArea.js';
import { fileName } from './files.js';
import { saveImages } from './imageGrid.js';
import { CodeBars, ImageCanvas, type ImageShape, Tile } from './images.js';
import {
  type ModelInfo,
  type Networks,
  type Point,
  predictedCondition,
  reconstruct as reconstructionOf,
} from './networks.js';
import { readImage } from './pixels.js';
import { SaveMenu } from './saveMenu.js';

/** Older images are removed from the page. */
const MAX_IMAGES = 60;
/** Further problems are counted. */
const MAX_PROBLEMS = 3;

interface Reconstruction {
  key: number;
  name: string;
  original: Float32Array;
  point: Point;
}

export interface ReconstructionsProps {
  model: ModelInfo;
  networks: Networks;
  /** @param name of the point, for example of its file */
  onSelect: (point: Point, name: string) => void;
  onFailure: (error: unknown) => void;
  /** Called when images arrive. The whole page accepts them. */
  onFiles?: () => void;
}

export function Reconstructions(props: ReconstructionsProps) {
  const { model, onSelect } = props;
  const [invert, setInvert] = useState(false);
  const { items, problems, reconstruct, enqueue } = useReconstructions(props, invert);
  const hidden = problems.length - MAX_PROBLEMS;
  return (
    <section aria-labelledby="images-heading">
      <h2 id="images-heading">Reconstructions</h2>
      <p class="meaning">
        The encoder maps an image to a code (the bars), and the generator maps the code back to an image. Your images do
        not leave this page.
      </p>
      <div class="inputs row">
        <DrawingPad
          isColored={model.shape[0] === 3}
          onDrawing={(drawing) => void reconstruct(drawing, 'drawing', false)}
        />
        <DropArea disabled={false} onFiles={enqueue}>
          <label>
            <input
              id="invert"
              type="checkbox"
              checked={invert}
              onChange={({ currentTarget }) => setInvert(currentTarget.checked)}
            />{' '}
            Invert brightness
          </label>
        </DropArea>
      </div>
      <p id="problems" role="status">
        {[...problems.slice(0, MAX_PROBLEMS), ...(hidden > 0 ? [`and ${hidden} more`] : [])].join('; ')}
      </p>
      <SaveMenu
        label="Save reconstructions"
        disabled={items.length === 0}
        onFailure={props.onFailure}
        onSave={(format) =>
          saveImages(
            items.flatMap(({ original, point }) => [original, point.image]),
            model.shape,
            format,
            fileName(model.name, 'reconstructions'),
            2,
          )
        }
      />
      <ul id="images" class="list">
        {items.map((item) => (
          <Pair key={item.key} item={item} shape={model.shape} onSelect={() => onSelect(item.point, item.name)} />
        ))}
      </ul>
    </section>
  );
}

/** The images of the visitor with their reconstructions, the newest first. */
function useReconstructions({ model, networks, onSelect, onFiles }: ReconstructionsProps, invert: boolean) {
  const [items, setItems] = useState<readonly Reconstruction[]>([]);
  const [problems, setProblems] = useState<readonly string[]>([]);
  const state = useRef({ inTurn: oneAtATime(), count: 0 }).current;
  const reconstruct = async (file: Blob, name: string, isInverted: boolean): Promise<void> => {
    try {
      const original = await readImage(file, model.preprocessing, isInverted);
      const condition = conditionOfImage(model, original) ?? (await predictedCondition(networks, original));
      const point = await reconstructionOf(networks, original, condition);
      const item = { key: state.count++, name, original, point };
      setItems((before) => [item, ...before].slice(0, MAX_IMAGES));
      onSelect(point, name);
    } catch (error) {
      setProblems((before) => [...before, `${name}: ${messageOf(error)}`]);
    }
  };
  /** Takes one set of files after another, so that their problems do not replace each other. */
  const enqueue = (images: readonly File[]): void => {
    if (images.length === 0) return;
    onFiles?.();
    void state.inTurn(async () => {
      setProblems([]);
      for (const image of images) await reconstruct(image, image.name, invert);
    });
  };
  useDroppedFiles(enqueue);
  return { items, problems, reconstruct, enqueue };
}

interface PairProps {
  item: Reconstruction;
  shape: ImageShape;
  onSelect: () => void;
}

const Pair = ({ item: { name, original, point }, shape, onSelect }: PairProps) => (
  <li>
    <ImageCanvas image={original} shape={shape} role="img" label={name} />
    <Tile point={point} shape={shape} label={`Reconstruction of ${name}`} onSelect={onSelect} />
    <CodeBars code={point.code} />
    <span class="caption ellipsis" title={name}>
      {name}
    </span>
    <span class="caption">L1 {l1(original, point.image).toFixed(3)}</span>
  </li>
);

/** The mean difference of pixels in [-1, 1], as in `reconstruction_l1`. */
const l1 = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, index) => sum + 2 * Math.abs(value - b[index]!), 0) / a.length;
