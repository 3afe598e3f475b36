/** Settings as fields, each with its description and its error. */
import { useEffect, useState } from 'preact/hooks';
import type { FieldValues, FormField, TrainingForm } from '../../../src/studio/schemas.js';

type Value = string | number | boolean | undefined;

/** What all fields share. */
export interface FieldsProps {
  values: FieldValues;
  /** The settings of the run that a fork starts from. */
  inherited: Record<string, unknown> | undefined;
  /** The problem of each wrong field. */
  problems: Record<string, string>;
  onChange: (name: string, value: Value) => void;
}

/** Fields behind their title, open if one of them is changed or wrong. */
export function FieldGroup({
  group: { title, fields },
  ...shared
}: FieldsProps & { group: TrainingForm['groups'][number] }) {
  const { values, problems } = shared;
  const changed = fields.filter(({ name }) => name in values).length;
  const hasProblem = fields.some(({ name }) => name in problems);
  const [isShown, setIsShown] = useState(changed > 0);
  useEffect(() => {
    if (hasProblem) setIsShown(true);
  }, [hasProblem]);
  return (
    <details class="field-group" open={isShown} onToggle={({ currentTarget }) => setIsShown(currentTarget.open)}>
      <summary>
        {title}{' '}
        <span class="meaning">
          {changed > 0 ? `${changed} changed` : fields.map((field) => field.title).join(', ')}
        </span>
      </summary>
      <div class="fields">
        {fields.map((field) => (
          <Field key={field.name} field={field} {...shared} />
        ))}
      </div>
    </details>
  );
}

/** The value of a setting that is kept if its field is left empty. */
function inheritedText(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

export function Field({ field, values, inherited: settings, problems, onChange }: FieldsProps & { field: FormField }) {
  const { name, title, flag, description, range } = field;
  const [value, inherited, problem] = [values[name], inheritedText(settings?.[name]), problems[name]];
  const id = `field-${name}`;
  return (
    <div class="field">
      <label for={id} title={flag}>
        {title}
      </label>
      <FieldInput
        id={id}
        field={field}
        value={value}
        inherited={inherited}
        hasProblem={problem !== undefined}
        onChange={(next) => onChange(name, next)}
      />
      <p class="meaning" id={`${id}-help`}>
        {range === undefined ? description : `${description}; ${range}`}
      </p>
      {problem !== undefined && (
        <p class="failed" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}

interface FieldInputProps {
  id: string;
  field: FormField;
  value: Value;
  inherited: string | undefined;
  hasProblem: boolean;
  onChange: (value: Value) => void;
}

function FieldInput({
  id,
  field: { kind, choices = [], default: standard = '' },
  value,
  inherited = standard,
  hasProblem,
  onChange,
}: FieldInputProps) {
  const described = {
    id,
    'aria-describedby': `${id}-help${hasProblem ? ` ${id}-problem` : ''}`,
    'aria-invalid': hasProblem,
  };
  if (kind === 'switch')
    return (
      <input
        {...described}
        type="checkbox"
        checked={value === true}
        onChange={({ currentTarget }) => onChange(currentTarget.checked ? true : undefined)}
      />
    );
  if (kind === 'choice')
    return (
      <select
        {...described}
        value={String(value ?? '')}
        onChange={({ currentTarget }) => onChange(currentTarget.value === '' ? undefined : currentTarget.value)}
      >
        <option value="">{inherited || 'default'}</option>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    );
  return (
    <input
      {...described}
      type="text"
      inputMode={kind === 'number' || kind === 'integer' ? 'decimal' : 'text'}
      placeholder={inherited}
      value={String(value ?? '')}
      onInput={({ currentTarget }) =>
        onChange(currentTarget.value.trim() === '' ? undefined : currentTarget.value.trim())
      }
    />
  );
}
