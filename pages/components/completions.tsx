/** Completions of images that the visitor draws, drops, pastes or chooses. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { drawSampleCodes } from '../../src/density/codeDensity.js';
import { messageOf } from '../../src/errors.js';
import { repeated } from '../../src/numerics/features.js';
import { randomStream } from '../../src/random.js';
import { oneAtATime } from '../../src/turns.js';
import { completionPasses, conditionOfImage, fillsHoles, withShownPart } from './conditions.js';
import { DrawingPad } from './drawingPad.js';
import { DropArea, useDroppedFiles } from './dropArea.js';
import { fileName } from './files.js';
import { centralHole, HolePainter } from './holePainter.js';
import { saveImages } from './imageGrid.js';
import type { Favorites } from './explore/favorites.js';
import { Star } from './explore/star.js';
import { ImageCanvas, Tile } from './images.js';
import { type ModelInfo, type Networks, type Point, reconstruct, sampleOf } from './networks.js';
import { readImage } from './pixels.js';
import { SaveMenu } from './saveMenu.js';

const COUNT = 6;
/** Older images are removed from the page. */
const MAX_IMAGES = 20;

interface Item {
  key: number;
  name: string;
  original: Float32Array;
  /** 1 at hidden pixels [H, W], of models that fill holes. */
  hole?: Uint8Array;
  /** What the model is shown, in 0..1, and the completions. */
  result?: { seen: Float32Array; points: readonly Point[] };
}

interface CompletionsProps {
  model: ModelInfo;
  /** Undefined while they are loaded. */
  networks: Networks | undefined;
  /** Called when the networks are loaded. */
  onReady?: (() => void) | undefined;
  /** Called when images arrive. The whole page accepts them. */
  onFiles?: () => void;
  /** Completions can be selected and kept (default: they can only be saved). */
  onSelect?: ((point: Point, name: string) => void) | undefined;
  favorites?: Favorites | undefined;
  onFailure: (error: unknown) => void;
}

export function Completions(props: CompletionsProps) {
  const { model, networks, onReady, onSelect, favorites, onFailure } = props;
  const { items, problem, enqueue, changeHole } = useCompletions(props);
  useEffect(() => {
    if (networks) onReady?.();
  }, [networks]);
  return (
    <section aria-labelledby="completions-heading">
      <h2 id="completions-heading">Completions</h2>
      <p class="meaning">{descriptionOf(model)} Your images do not leave this page.</p>
      <div class="inputs row">
        <DrawingPad
          isColored={model.shape[0] === 3}
          onDrawing={(drawing) => enqueue([new File([drawing], 'drawing')])}
        />
        <DropArea disabled={!networks} onFiles={enqueue} />
      </div>
      <p id="completion-problem" role="status">
        {problem}
      </p>
      <SaveMenu
        label="Save completions"
        disabled={!items.some(({ result }) => result)}
        onFailure={onFailure}
        onSave={(format) =>
          saveImages(
            items.flatMap(({ original, result }) =>
              result ? [original, ...result.points.map(({ image }) => image)] : [],
            ),
            model.shape,
            format,
            fileName(model.name, 'completions'),
            1 + COUNT,
          )
        }
      />
      <ul id="completions" class="list">
        {items.map((item) => (
          <CompletedImage
            key={item.key}
            model={model}
            item={item}
            onHole={(hole) => changeHole(item, hole)}
            onSelect={onSelect}
            favorites={favorites}
          />
        ))}
      </ul>
    </section>
  );
}

function descriptionOf(model: ModelInfo) {
  const rest = 'makes up the rest, from six random codes.';
  if (fillsHoles(model)) return `Paint a hole over your image. The model is shown what is around it, and ${rest}`;
  return `The model is shown ${model.condition!.setting === 'gray' ? 'the gray image' : 'a small image'} and ${rest}`;
}

interface CompletedImageProps extends Pick<CompletionsProps, 'model' | 'onSelect' | 'favorites'> {
  item: Item;
  onHole: (hole: Uint8Array) => void;
}

function CompletedImage({ model, item, onHole, onSelect, favorites }: CompletedImageProps) {
  const { name, original, hole, result } = item;
  const [, size] = model.shape;
  return (
    <li class={hole ? 'painted row' : ''}>
      {hole && <HolePainter image={original} shape={model.shape} hole={hole} name={name} onHole={onHole} />}
      <div class="tiles">
        {result && !hole && (
          <ImageCanvas
            image={result.seen}
            shape={[result.seen.length / size ** 2, size, size]}
            role="img"
            label={`What is shown of ${name}`}
          />
        )}
        {result?.points.map((point, index) => {
          const label = `Completion ${index + 1} of ${name}`;
          if (!onSelect || !favorites)
            return <ImageCanvas key={index} image={point.image} shape={model.shape} role="img" label={label} />;
          const code = { ...point, name: `completion ${index + 1} of ${name}` };
          return (
            <div key={index} class="place">
              <Tile point={point} shape={model.shape} label={label} onSelect={() => onSelect(point, code.name)} />
              <Star code={code} favorites={favorites} />
            </div>
          );
        })}
      </div>
    </li>
  );
}

/** The images of the visitor, the newest first. */
function useCompletions({ model, networks, onFiles }: CompletionsProps) {
  const [items, setItems] = useState<readonly Item[]>([]);
  const [problem, setProblem] = useState('');
  const [inTurn] = useState(oneAtATime);
  const holes = useRef(new Map<number, Uint8Array>()).current;
  const change = (key: number, changes: Partial<Item>): void =>
    setItems((before) => before.map((item) => (item.key === key ? { ...item, ...changes } : item)));
  const complete = async ({ key, original, hole }: Item): Promise<void> =>
    change(key, { result: await completionsOf(model, networks!, original, hole) });
  const read = async (file: File): Promise<void> => {
    try {
      // The visitor's photo is stretched, as `agenet complete` does.
      const original = await readImage(file, { ...model.preprocessing, crop: 'stretch' }, false);
      const hole = fillsHoles(model) ? { hole: centralHole(model.shape[1]) } : {};
      const item: Item = { key: performance.now(), name: file.name, original, ...hole };
      setItems((before) => [item, ...before].slice(0, MAX_IMAGES));
      await complete(item);
    } catch (error) {
      setProblem(`${file.name}: ${messageOf(error)}`);
    }
  };
  const enqueue = (files: readonly File[]): void => {
    if (!networks || files.length === 0) return;
    onFiles?.();
    setProblem('');
    for (const file of files) void inTurn(() => read(file));
  };
  const changeHole = (item: Item, hole: Uint8Array): void => {
    change(item.key, { hole });
    holes.set(item.key, hole);
    // Strokes may come faster than completions; only the last hole is filled.
    const fill = async (): Promise<void> => {
      if (holes.get(item.key) === hole) await complete({ ...item, hole });
    };
    void inTurn(fill).catch((error: unknown) => setProblem(messageOf(error)));
  };
  useDroppedFiles(enqueue);
  return { items, problem, enqueue, changeHole };
}

/** Those of `agenet complete` for seed 0. */
async function completionsOf(model: ModelInfo, networks: Networks, original: Float32Array, hole?: Uint8Array) {
  const condition = conditionOfImage(model, original, hole)!;
  const y = repeated(condition, COUNT);
  const codes = drawSampleCodes(networks.source, COUNT, randomStream(0, 'samples'), y);
  const points: Point[] = [];
  for (let index = 0; index < COUNT; index++) {
    const code = codes.slice(index * model.latent, (index + 1) * model.latent);
    let point = await sampleOf(networks, code, { isRefined: false, condition });
    for (let pass = 0; pass < completionPasses(model); pass++)
      point = await reconstruct(networks, asBytes(point.image), condition);
    points.push({ ...point, image: withShownPart(model, original, point.image, hole) });
  }
  return { seen: condition.map((value) => (value + 1) / 2), points };
}

/** A file has bytes, as `agenet complete` has between two passes. */
const asBytes = (image: Float32Array) => image.map((value) => Math.round(255 * value) / 255);
