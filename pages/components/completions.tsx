/** Completions of images that the visitor drops, pastes or chooses. */
import { useEffect, useState } from 'preact/hooks';
import { drawSampleCodes } from '../../src/density/codeDensity.js';
import { messageOf } from '../../src/errors.js';
import { repeated } from '../../src/numerics/features.js';
import { randomStream } from '../../src/random.js';
import { oneAtATime } from '../../src/turns.js';
import { conditionOfImage, withShownPart } from './conditions.js';
import { DropArea, useDroppedFiles } from './dropArea.js';
import { fileName } from './files.js';
import { saveImages } from './imageGrid.js';
import { ImageCanvas } from './images.js';
import { type ModelInfo, type Networks, sampleOf } from './networks.js';
import { readImage } from './pixels.js';
import { SaveButtons } from './saveButtons.js';

const COUNT = 6;
/** Older images are removed from the page. */
const MAX_IMAGES = 20;

interface Completed {
  key: number;
  name: string;
  original: Float32Array;
  /** What the model is shown, in 0..1. */
  seen: Float32Array;
  images: readonly Float32Array[];
}

interface CompletionsProps {
  model: ModelInfo;
  /** Undefined while they are loaded. */
  networks: Networks | undefined;
  /** Called when the networks are loaded. */
  onReady?: (() => void) | undefined;
  onFailure: (error: unknown) => void;
}

export function Completions({ model, networks, onReady, onFailure }: CompletionsProps) {
  const [items, setItems] = useState<readonly Completed[]>([]);
  const [problem, setProblem] = useState('');
  const [inTurn] = useState(oneAtATime);
  const [, size] = model.shape;
  useEffect(() => {
    if (networks) onReady?.();
  }, [networks]);
  const enqueue = (files: readonly File[]): void => {
    if (!networks) return;
    setProblem('');
    for (const file of files)
      void inTurn(async () => {
        try {
          const item = { key: performance.now(), name: file.name, ...(await completed(model, networks, file)) };
          setItems((before) => [item, ...before].slice(0, MAX_IMAGES));
        } catch (error) {
          setProblem(`${file.name}: ${messageOf(error)}`);
        }
      });
  };
  useDroppedFiles(enqueue);
  return (
    <section aria-labelledby="completions-heading">
      <h2 id="completions-heading">Completions</h2>
      <p>
        The model is shown {model.condition!.setting === 'gray' ? 'the gray image' : 'a small image'} and makes up the
        rest, from six random codes. Your images do not leave this page.
      </p>
      <DropArea disabled={!networks} onFiles={enqueue} />
      <p id="completion-problem" role="status">
        {problem}
      </p>
      <SaveButtons
        label="Save completions"
        disabled={items.length === 0}
        onFailure={onFailure}
        onSave={(format) =>
          saveImages(
            items.flatMap(({ original, images }) => [original, ...images]),
            model.shape,
            format,
            fileName(model.name, 'completions'),
            1 + COUNT,
          )
        }
      />
      <ul id="completions">
        {items.map(({ key, name, seen, images }) => (
          <li key={key} class="tiles">
            <ImageCanvas
              image={seen}
              shape={[seen.length / size ** 2, size, size]}
              role="img"
              label={`What is shown of ${name}`}
            />
            {images.map((image, index) => (
              <ImageCanvas
                key={index}
                image={image}
                shape={model.shape}
                role="img"
                label={`Completion ${index + 1} of ${name}`}
              />
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The visitor's photo is stretched, as `agenet complete` does. */
async function completed(model: ModelInfo, networks: Networks, file: Blob) {
  const original = await readImage(file, { ...model.preprocessing, crop: 'stretch' }, false);
  const condition = conditionOfImage(model, original)!;
  const y = repeated(condition, COUNT);
  const codes = drawSampleCodes(networks.source, COUNT, randomStream(0, 'samples'), y);
  const images: Float32Array[] = [];
  for (let index = 0; index < COUNT; index++) {
    const code = codes.slice(index * model.latent, (index + 1) * model.latent);
    const { image } = await sampleOf(networks, code, { isRefined: true, condition });
    images.push(withShownPart(model, original, image));
  }
  return { original, seen: condition.map((value) => (value + 1) / 2), images };
}
