/** Sliders that move the selected code along the directions of classes. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Prior } from '../../../src/age/prior.js';
import { meanDifference, moveCodes } from '../../../src/model/attribute.js';
import { derivedCode } from '../../components/codes.js';
import { CodeBars, ImageCanvas } from '../../components/images.js';
import { useLatest } from '../../components/latest.js';
import type { Code, Point } from '../../components/networks.js';
import { classesOf, type EncodedData } from './data.js';
import { DataMessage } from './dataMessage.js';
import type { DataPanelProps } from './panel.js';

/** Amounts by class: degrees on the sphere, hundredths of the direction under the normal prior. */
type Amounts = Record<number, number>;
const SCALES = {
  sphere: { limit: 90, unit: '°', amountOf: (value: number) => (value * Math.PI) / 180 },
  normal: { limit: 200, unit: '%', amountOf: (value: number) => value / 100 },
} as const;

export function Attributes({
  model: { info, networks },
  data,
  isActive,
  selected,
  onSelect,
  onFailure,
}: DataPanelProps) {
  const { encoded } = data;
  const [amounts, setAmounts] = useState<Amounts>({});
  const [shown, setShown] = useState<Point>();
  useEffect(() => setAmounts({}), [selected]);
  const directionOf = useMemo(() => encoded && classDirections(encoded, info.latent), [encoded]);
  const isReady = isActive && selected !== undefined && directionOf !== undefined;
  useLatest(
    isReady,
    async () => {
      const code = movedCode(info.prior, selected!, amounts, directionOf!);
      setShown({ ...code, image: await networks.generate(code) });
    },
    onFailure,
    [selected, amounts, directionOf],
  );
  const isMoved = Object.values(amounts).some((amount) => amount !== 0);
  const classes = encoded ? presentClasses(encoded) : [];
  return (
    <section class="attributes" aria-label="Attributes">
      <p>
        Each slider moves the selected code along the direction from the mean code of the other classes to the mean code
        of its class.
      </p>
      {encoded && classes.length < 2 ? (
        <p role="status" id="no-classes">
          These data have no labels of several classes, so there are no directions.
        </p>
      ) : (
        <DataMessage data={data} />
      )}
      <div class="attribute-views">
        <div class="sliders">
          {classes.map(({ label, name }) => (
            <ClassSlider
              key={label}
              name={name}
              prior={info.prior}
              value={amounts[label] ?? 0}
              onChange={(value) => setAmounts((before) => ({ ...before, [label]: value }))}
            />
          ))}
        </div>
        <div class="attribute-image">
          <div class="large-image">
            <ImageCanvas
              id="attribute-image"
              image={shown?.image}
              shape={info.shape}
              role="img"
              label="Image of the moved code"
            />
          </div>
          <div class="selected-code">{shown && <CodeBars code={shown.code} />}</div>
        </div>
      </div>
      <div class="toolbar">
        <button
          id="select-moved"
          type="button"
          disabled={!isMoved || !shown}
          onClick={() => onSelect(shown!, `${selected!.name}, moved`)}
        >
          Select this image
        </button>
        <button id="reset-attributes" type="button" disabled={!isMoved} onClick={() => setAmounts({})}>
          Reset
        </button>
      </div>
    </section>
  );
}

function ClassSlider(props: { name: string; prior: Prior; value: number; onChange: (value: number) => void }) {
  const { name, prior, value, onChange } = props;
  const { limit, unit } = SCALES[prior];
  return (
    <label class="slider">
      <span title={name}>{name}</span>
      <input
        type="range"
        min={-limit}
        max={limit}
        step="1"
        value={value}
        aria-valuetext={`${value}${unit}`}
        onInput={({ currentTarget }) => onChange(currentTarget.valueAsNumber)}
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
  // The selected code itself, with its own distance.
  if (moves.length === 0) return { code: origin.code, distance: origin.distance };
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
