/** How samples are drawn. */
import { AttributeFields } from '../attributeFields.js';
import { ClassSelect } from '../classSelect.js';
import { isRefinedByDefault } from '../networks.js';
import { RefineBox } from '../refineBox.js';
import type { SamplesProps } from './samples.js';
import { isSeed, MAX_TRUNCATION } from './settings.js';

export function SampleSettings({ model, seed, label, attributes, isRefined, truncation, onSettings }: SamplesProps) {
  const { info, networks } = model;
  const onSeed = (seed: number): void => onSettings({ seed });
  const chosen = Object.keys(attributes).length;
  return (
    <>
      <div class="toolbar">
        <label>
          Seed{' '}
          <input
            id="seed"
            type="number"
            min="0"
            step="1"
            value={seed}
            onChange={({ currentTarget }) =>
              isSeed(currentTarget.valueAsNumber)
                ? onSeed(currentTarget.valueAsNumber)
                : (currentTarget.value = String(seed))
            }
          />
        </label>
        <button type="button" id="resample" onClick={() => onSeed(seed + 1)}>
          New samples
        </button>
        <ClassSelect classes={info.condition?.classes} label={label} onChange={(label) => onSettings({ label })} />
      </div>
      <div class="sample-style row">
        <RefineBox
          isRefined={isRefined ?? isRefinedByDefault(networks)}
          onChange={(isChosen) =>
            onSettings({ isRefined: isChosen === isRefinedByDefault(networks) ? null : isChosen })
          }
        />
        {networks.source.density && (
          <TruncationSlider truncation={truncation} onChange={(truncation) => onSettings({ truncation })} />
        )}
        {(info.condition?.attributes.length ?? 0) > 0 && (
          <details class="conditions">
            <summary>Attributes of samples{chosen > 0 ? ` (${chosen} chosen)` : ''}</summary>
            <AttributeFields
              attributes={info.condition?.attributes}
              chosen={attributes}
              onChange={(attributes) => onSettings({ attributes })}
            />
          </details>
        )}
      </div>
    </>
  );
}

function TruncationSlider({ truncation, onChange }: { truncation: number; onChange: (truncation: number) => void }) {
  return (
    <>
      <span>Typical</span>
      <input
        id="truncation"
        type="range"
        min="0"
        max={MAX_TRUNCATION}
        step="0.05"
        list="truncation-default"
        value={truncation}
        aria-label="Typical or unusual samples"
        aria-valuetext={truncation === 1 ? '1, like images of the data' : String(truncation)}
        onChange={({ currentTarget }) => onChange(currentTarget.valueAsNumber)}
      />
      <datalist id="truncation-default">
        <option value="1" />
      </datalist>
      <span>Unusual</span>
      <details>
        <summary>Blue bars?</summary>
        <p>
          The blue bar below a sample is its typicality: the share of samples that are less probable. 50% is usual, and
          0% is unlike all images that the model learned from. To the left, samples come from the middle of a group of
          similar images, so they are clean and alike. To the right, they are further out, so they are varied and more
          often broken. The mark draws samples like the images of the data. A typical image need not be a better one.
        </p>
      </details>
    </>
  );
}
