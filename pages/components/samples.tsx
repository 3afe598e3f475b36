/** Samples of a model. */
import { useEffect, useState } from 'preact/hooks';
import { drawSampleCodes } from '../../src/density/codeDensity.js';
import { repeated } from '../../src/numerics/features.js';
import { randomStream } from '../../src/random.js';
import { AttributeFields } from './attributeFields.js';
import { ClassSelect } from './classSelect.js';
import { conditionOfChoice, NOTHING_CHOSEN } from './conditions.js';
import { fileName } from './files.js';
import { saveImages } from './imageGrid.js';
import { Tile } from './images.js';
import {
  isRefinedByDefault,
  type ModelInfo,
  type Networks,
  type Point,
  sampleOf,
  type SampleStyle,
  styleName,
} from './networks.js';
import { RefineBox } from './refineBox.js';
import { SaveButtons } from './saveButtons.js';

const COUNT = 24;

export interface PanelProps {
  model: ModelInfo;
  /** Undefined while they are loaded. */
  networks: Networks | undefined;
  /** @param name of the point, for example of its file */
  onSelect: (point: Point, name: string) => void;
  onFailure: (error: unknown) => void;
}

/**
 * Shows the samples of `agenet sample` for seed 0, and of the next seed after each press of the button.
 * @param onFirst receives the first samples
 */
export function Samples({
  model,
  networks,
  onSelect,
  onFailure,
  onFirst,
}: PanelProps & { onFirst: (points: readonly Point[]) => void }) {
  const [seed, setSeed] = useState(0);
  const [chosenRefinement, setIsRefined] = useState<boolean>();
  const isRefined = chosenRefinement ?? (networks ? isRefinedByDefault(networks) : true);
  const [choice, setChoice] = useState(NOTHING_CHOSEN);
  const [points, setPoints] = useState<readonly Point[]>();
  useEffect(() => {
    if (!networks) return;
    let isLatest = true;
    samplesOf(networks, seed, { isRefined, condition: conditionOfChoice(model, choice) })
      .then((samples) => {
        if (!isLatest) return;
        setPoints(samples);
        if (seed === 0) onFirst(samples);
      })
      .catch(onFailure);
    return () => (isLatest = false);
  }, [model, networks, seed, isRefined, choice]);
  return (
    <section aria-labelledby="samples-heading">
      <h2 id="samples-heading">Samples</h2>
      <p>The generator maps random codes to images. Select two images to walk between them.</p>
      <div class="toolbar">
        <button id="resample" type="button" disabled={!points} onClick={() => setSeed(seed + 1)}>
          New samples
        </button>
        <ClassSelect
          classes={model.condition?.classes}
          label={choice.label}
          onChange={(label) => setChoice({ ...choice, label })}
        />
        <AttributeFields
          attributes={model.condition?.attributes}
          chosen={choice.attributes}
          onChange={(attributes) => setChoice({ ...choice, attributes })}
        />
        <RefineBox isRefined={isRefined} onChange={setIsRefined} />
        <SaveButtons
          label="Save samples"
          disabled={!points}
          onFailure={onFailure}
          onSave={(format) =>
            saveImages(
              points!.map(({ image }) => image),
              model.shape,
              format,
              fileName(model.name, `${styleName(networks!, isRefined)}samples of seed ${seed}`),
            )
          }
        />
      </div>
      <div id="samples" class="tiles">
        {points
          ? points.map((point, index) => (
              <Tile
                key={index}
                point={point}
                shape={model.shape}
                label={`Sample ${index + 1}: select for the walk`}
                onSelect={() => onSelect(point, `sample ${index + 1}`)}
              />
            ))
          : // The area is reserved, so that nothing moves when they appear.
            Array.from({ length: COUNT }, (_, index) => <div key={index} class="tile" />)}
      </div>
    </section>
  );
}

async function samplesOf(networks: Networks, seed: number, style: SampleStyle) {
  const { source } = networks;
  const { latentSize: latent } = source;
  const y = style.condition && repeated(style.condition, COUNT);
  const codes = drawSampleCodes(source, COUNT, randomStream(seed, 'samples'), y);
  const points: Point[] = [];
  for (let index = 0; index < COUNT; index++) {
    const code = codes.slice(index * latent, (index + 1) * latent);
    points.push(await sampleOf(networks, code, style));
  }
  return points;
}
