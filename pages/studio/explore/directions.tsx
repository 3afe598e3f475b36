/** Sliders that move the selected code along the directions of classes. */
import { useMemo } from 'preact/hooks';
import type { Prior } from '../../../src/age/prior.js';
import { meanDifference, moveCodes } from '../../../src/model/attribute.js';
import { derivedCode } from '../../components/codes.js';
import { hasConditionFields } from '../../components/explore/conditionFields.js';
import type { Code } from '../../components/networks.js';
import { classesOf, type EncodedData } from './data.js';
import { DataMessage, DataOffer } from './dataMessage.js';
import type { DataPanelProps } from './panel.js';

/** Amounts by class: degrees on the sphere, hundredths of the direction under the normal prior. */
type Amounts = Record<number, number>;
const SCALES = {
  sphere: { limit: 90, unit: '°', amountOf: (value: number) => (value * Math.PI) / 180 },
  normal: { limit: 200, unit: '%', amountOf: (value: number) => value / 100 },
} as const;

export function Directions({ model, data, toolOf }: DataPanelProps) {
  const { info } = model;
  const { encoded } = data;
  const directionOf = useMemo(() => encoded && classDirections(encoded, info.latent), [encoded]);
  const tool = toolOf<Amounts>('directions');
  const amounts = tool?.values ?? {};
  const moveTo = (next: Amounts, isLast: boolean): void =>
    tool!.move(movedCode(info.prior, tool!.origin, next, directionOf!), next, isLast);
  const classes = encoded ? presentClasses(encoded) : [];
  // Attributes are chosen above, also without images.
  if (hasConditionFields(model) && classes.length < 2) return null;
  if (!encoded && data.offer !== undefined) return <DataOffer use="Directions of classes need" command={data.offer} />;
  return (
    <section class="directions" aria-label="Directions of classes">
      <p class="meaning">Move the code from the mean of the other classes towards the mean of a class.</p>
      {encoded && classes.length < 2 ? (
        <p role="status" id="no-classes">
          These data have no labels of several classes, so there are no directions.
        </p>
      ) : (
        <DataMessage data={data} />
      )}
      {classes.length > 1 && (
        <>
          <div class="sliders">
            {classes.map(({ label, name }) => (
              <ClassSlider
                key={label}
                name={name}
                prior={info.prior}
                value={amounts[label] ?? 0}
                disabled={!tool}
                onChange={(value, isLast) => moveTo({ ...amounts, [label]: value }, isLast)}
              />
            ))}
          </div>
          <div class="toolbar">
            <button
              id="reset-attributes"
              type="button"
              disabled={!Object.values(amounts).some((amount) => amount !== 0)}
              onClick={() => moveTo({}, true)}
            >
              Reset
            </button>
          </div>
        </>
      )}
    </section>
  );
}

interface ClassSliderProps {
  name: string;
  prior: Prior;
  value: number;
  disabled: boolean;
  onChange: (value: number, isLast: boolean) => void;
}

function ClassSlider({ name, prior, value, disabled, onChange }: ClassSliderProps) {
  const { limit, unit } = SCALES[prior];
  return (
    <label class="slider">
      <span class="ellipsis" title={name}>
        {name}
      </span>
      <input
        type="range"
        min={-limit}
        max={limit}
        step="1"
        value={value}
        disabled={disabled}
        aria-valuetext={`${value}${unit}`}
        onInput={({ currentTarget }) => onChange(currentTarget.valueAsNumber, false)}
        onChange={({ currentTarget }) => onChange(currentTarget.valueAsNumber, true)}
      />
      <output>
        {value}
        {unit}
      </output>
    </label>
  );
}

/** Moves a code along the directions of all classes that have an amount, in order. */
function movedCode(prior: Prior, origin: Code, amounts: Amounts, directionOf: (label: number) => Float32Array): Code {
  const moves = Object.entries(amounts).filter(([, amount]) => amount !== 0);
  // The code itself, with its own distance.
  if (moves.length === 0) return origin;
  const code = moves.reduce(
    (moved, [label, amount]) => moveCodes(prior, moved, directionOf(Number(label)), SCALES[prior].amountOf(amount)),
    origin.code,
  );
  return derivedCode(code, [origin]);
}

/** Classes that some images have. */
function presentClasses(data: EncodedData): readonly { label: number; name: string }[] {
  const present = new Set(data.labels);
  return classesOf(data)
    .map((name, label) => ({ label, name }))
    .filter(({ label }) => present.has(label));
}

/** Returns a function that computes the direction [M] of a class on its first call. */
function classDirections({ codes, labels }: EncodedData, latent: number): (label: number) => Float32Array {
  const directions = new Map<number, Float32Array>();
  return (label) => {
    const known = directions.get(label);
    if (known) return known;
    const codesOf = (isMember: boolean): Float32Array =>
      codes.filter((_, index) => (labels![Math.floor(index / latent)] === label) === isMember);
    const direction = meanDifference(codesOf(true), codesOf(false), latent);
    directions.set(label, direction);
    return direction;
  };
}
