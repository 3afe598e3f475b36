/** Reconstructions of images that the visitor draws, drops, pastes or chooses. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../src/errors.js';
import { createQueue } from '../../src/web/requests.js';
import { DrawingPad } from './drawingPad.js';
import { CodeBars, ImageCanvas, Tile } from './images.js';
import type { Point } from './networks.js';
import { readImage } from './pixels.js';
import type { PanelProps } from './samples.js';

/** Older images are removed from the page. */
const MAX_IMAGES = 60;
/** Problems of files that are shown; others are counted. */
const MAX_PROBLEMS = 3;

interface Reconstruction {
  readonly key: number;
  readonly name: string;
  readonly original: Float32Array;
  readonly point: Point;
}

interface ReconstructionsProps extends PanelProps {
  /** Whether images can also be drawn. */
  readonly canDraw?: boolean;
  /** What a reconstruction is selected for, in its name for screen readers (default: for the walk). */
  readonly purpose?: string;
  /** Called when images arrive, which may be dropped or pasted anywhere on the page. */
  readonly onFiles?: () => void;
}

export function Reconstructions({
  model,
  networks,
  onSelect,
  canDraw = false,
  purpose = ' for the walk',
  onFiles,
}: ReconstructionsProps) {
  const [items, setItems] = useState<readonly Reconstruction[]>([]);
  const [problems, setProblems] = useState<readonly string[]>([]);
  const [invert, setInvert] = useState(false);
  const [isOver, setIsOver] = useState(false);
  // Listeners of the document are registered once.
  const current = useRef({ networks, invert, inTurn: createQueue(), count: 0 });
  Object.assign(current.current, { networks, invert });

  const reconstruct = async (file: Blob, name: string, isInverted: boolean): Promise<void> => {
    const original = await readImage(file, model.preprocessing, isInverted);
    const code = await current.current.networks!.encode({ image: original });
    const point = { code, distance: 0, image: await current.current.networks!.generate({ code, distance: 0 }) };
    const item = { key: current.current.count++, name, original, point };
    setItems((before) => [item, ...before].slice(0, MAX_IMAGES));
    onSelect(point, name);
  };
  const accept = async (files: readonly File[]): Promise<void> => {
    setProblems([]);
    for (const file of files) {
      await reconstruct(file, file.name, current.current.invert).catch((error: unknown) => {
        setProblems((before) => [...before, `${file.name}: ${messageOf(error)}`]);
      });
    }
  };
  /** One set of files after another, so that their problems do not replace each other. */
  const enqueue = (files: readonly File[]): void => {
    if (files.length === 0 || !current.current.networks) return;
    onFiles?.();
    void current.current.inTurn(() => accept(files));
  };

  useEffect(() => {
    const onDrop = (event: DragEvent): void => {
      setIsOver(false);
      enqueue(Array.from(event.dataTransfer?.files ?? []));
    };
    const onPaste = (event: ClipboardEvent): void => enqueue(Array.from(event.clipboardData?.files ?? []));
    document.addEventListener('drop', onDrop);
    document.addEventListener('paste', onPaste);
    return () => {
      document.removeEventListener('drop', onDrop);
      document.removeEventListener('paste', onPaste);
    };
  }, [model]);

  const rest = problems.length - MAX_PROBLEMS;
  return (
    <section aria-labelledby="images-heading">
      <h2 id="images-heading">Reconstructions</h2>
      <p>
        The encoder maps an image to a code (the bars), and the generator maps the code back to an image. Images are not
        sent anywhere.
      </p>
      {canDraw && (
        <DrawingPad
          disabled={!networks}
          onDrawing={(drawing) =>
            void reconstruct(drawing, 'drawing', false).catch((error: unknown) =>
              setProblems([`drawing: ${messageOf(error)}`]),
            )
          }
        />
      )}
      <div
        id="drop"
        class={isOver ? 'over' : ''}
        onDragEnter={() => setIsOver(true)}
        onDragLeave={({ currentTarget, relatedTarget }) =>
          setIsOver(currentTarget.contains(relatedTarget as Node | null))
        }
      >
        <p>Drop or paste images here, or choose files.</p>
        <p>
          <input
            id="files"
            type="file"
            multiple
            accept="image/*"
            disabled={!networks}
            aria-label="Choose images"
            onChange={({ currentTarget }) => {
              enqueue(Array.from(currentTarget.files ?? []));
              // The same file can then be chosen again.
              currentTarget.value = '';
            }}
          />
          <label>
            <input
              id="invert"
              type="checkbox"
              checked={invert}
              onChange={({ currentTarget }) => setInvert(currentTarget.checked)}
            />{' '}
            invert brightness
          </label>
        </p>
      </div>
      <p id="problems" role="status">
        {[...problems.slice(0, MAX_PROBLEMS), ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ')}
      </p>
      <ul id="images">
        {items.map(({ key, name, original, point }) => (
          <li key={key}>
            <ImageCanvas image={original} shape={model.shape} role="img" label={name} />
            <Tile
              point={point}
              shape={model.shape}
              label={`Reconstruction of ${name}: select${purpose}`}
              onSelect={() => onSelect(point, name)}
            />
            <CodeBars code={point.code} />
            <span class="caption" title={name}>
              {name}
            </span>
            <span class="caption">L1 {l1(original, point.image).toFixed(3)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The mean difference of pixels in [-1, 1], as in `reconstruction_l1`. */
const l1 = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, index) => sum + 2 * Math.abs(value - b[index]!), 0) / a.length;
