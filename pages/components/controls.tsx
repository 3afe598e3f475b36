/** Buttons, choices and sliders, each with a label. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

export function TrainingButtons(props: {
  isRunning: boolean;
  /** Whether the networks are compiled. Training that is wanted earlier begins then. */
  isReady: boolean;
  canRun: boolean;
  onRun: (run: boolean) => void;
  onStep: () => void;
  onReset: () => void;
  children?: ComponentChildren;
}) {
  const { isRunning, isReady, canRun, onRun, onStep, onReset, children } = props;
  return (
    <div class="buttons" role="group" aria-label="Training">
      <button id="play" type="button" class="primary" disabled={!canRun} onClick={() => onRun(!isRunning)}>
        {isRunning ? 'Pause' : 'Play'}
      </button>
      <button id="step" type="button" disabled={!isReady || isRunning} onClick={onStep}>
        Step
      </button>
      <button id="reset" type="button" onClick={onReset}>
        Reset
      </button>
      {children}
    </div>
  );
}

export function Choice<T extends string | number>(props: {
  label: ComponentChildren;
  value: T;
  choices: readonly T[];
  nameOf?: (choice: T) => string;
  disabled?: boolean;
  onChoose: (choice: T) => void;
}) {
  const { label, value, choices, nameOf = String, disabled = false, onChoose } = props;
  const id = useId();
  return (
    <div class="control">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={String(value)}
        disabled={disabled}
        onChange={({ currentTarget }) => onChoose(choices.find((choice) => String(choice) === currentTarget.value)!)}
      >
        {choices.map((choice) => (
          <option key={choice} value={String(choice)}>
            {nameOf(choice)}
          </option>
        ))}
      </select>
    </div>
  );
}

/** A slider for a positive number on a logarithmic scale. Its left end can be 0. */
export function LogSlider(props: {
  label: ComponentChildren;
  title?: string;
  value: number;
  min: number;
  max: number;
  hasZero?: boolean;
  onChange: (value: number) => void;
}) {
  const { label, title, value, min, max, hasZero = false, onChange } = props;
  const id = useId();
  const STEPS = 100;
  const position = value < min ? 0 : Math.round((STEPS * Math.log(value / min)) / Math.log(max / min));
  const valueAt = (at: number): number =>
    hasZero && at === 0 ? 0 : Number((min * (max / min) ** (at / STEPS)).toPrecision(2));
  return (
    <div class="control" title={title}>
      <label for={id}>{label}</label>
      <input
        id={id}
        type="range"
        min="0"
        max={STEPS}
        step="1"
        value={position}
        aria-valuetext={String(value)}
        onInput={({ currentTarget }) => onChange(valueAt(currentTarget.valueAsNumber))}
      />
      <span>{value}</span>
    </div>
  );
}

/** A choice of one, as buttons side by side. */
export const Segments = <T extends string>(props: {
  label: string;
  /** By their keys. */
  names: Record<T, string>;
  chosen: T;
  onChoose: (key: T) => void;
}) => (
  <div class="segments" role="group" aria-label={props.label}>
    {(Object.keys(props.names) as T[]).map((key) => (
      <button key={key} type="button" aria-pressed={key === props.chosen} onClick={() => props.onChoose(key)}>
        {props.names[key]}
      </button>
    ))}
  </div>
);
