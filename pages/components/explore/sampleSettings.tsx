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
        <RefineBox
          isRefined={isRefined ?? isRefinedByDefault(networks)}
          onChange={(isChosen) =>
            onSettings({ isRefined: isChosen === isRefinedByDefault(networks) ? null : isChosen })
          }
        />
      </div>
      {networks.source.density && (
        <label
          class="truncation"
          title="How far codes are from the middle of their group: to the left, samples are alike and usual; to the right, they are varied and strange. The bar below a sample is its typicality: the share of samples that are less usual."
        >
          <span>typical</span>
          <input
            id="truncation"
            type="range"
            min="0"
            max={MAX_TRUNCATION}
            step="0.05"
            list="truncation-default"
            value={truncation}
            aria-label="Typical or unusual samples"
            aria-valuetext={truncation === 1 ? '1, as images' : String(truncation)}
            onChange={({ currentTarget }) => onSettings({ truncation: currentTarget.valueAsNumber })}
          />
          <span>unusual</span>
          <datalist id="truncation-default">
            <option value="1" />
          </datalist>
        </label>
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
    </>
  );
}
