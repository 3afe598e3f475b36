/** Options of `agenet train` as fields, each with its description and its error. */
import type { FormField, FieldValues, TrainingForm } from '../../../src/studio/schemas.js';

type Value = string | number | boolean | undefined;

interface FieldGroupProps {
  readonly group: TrainingForm['groups'][number];
  readonly isOpen: boolean;
  readonly values: FieldValues;
  readonly problem: { readonly message: string; readonly field?: string | undefined } | undefined;
  readonly onChange: (name: string, value: Value) => void;
}

export function FieldGroup({ group: { title, fields }, isOpen, values, problem, onChange }: FieldGroupProps) {
  const changed = fields.filter(({ name }) => name in values).length;
  const hasProblem = fields.some(({ name }) => name === problem?.field);
  return (
    <details class="field-group" open={isOpen || hasProblem}>
      <summary>
        {title} {changed > 0 && <span class="meaning">({changed} changed)</span>}
      </summary>
      <div class="fields">
        {fields.map((field) => (
          <Field
            key={field.name}
            field={field}
            value={values[field.name]}
            problem={field.name === problem?.field ? problem.message : undefined}
            onChange={onChange}
          />
        ))}
      </div>
    </details>
  );
}

function Field({
  field,
  value,
  problem,
  onChange,
}: {
  field: FormField;
  value: Value;
  problem: string | undefined;
  onChange: (name: string, value: Value) => void;
}) {
  const { name, flag, description } = field;
  const id = `field-${name}`;
  return (
    <div class="field">
      <label for={id}>{flag.replace(/^--/u, '').replaceAll('-', ' ')}</label>
      <FieldInput id={id} field={field} value={value} hasProblem={problem !== undefined} onChange={(next) => onChange(name, next)} />
      <p class="meaning" id={`${id}-help`}>
        {description}
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
  readonly id: string;
  readonly field: FormField;
  readonly value: Value;
  readonly hasProblem: boolean;
  readonly onChange: (value: Value) => void;
}

function FieldInput({ id, field: { kind, choices = [], min, max }, value, hasProblem, onChange }: FieldInputProps) {
  const described = { id, 'aria-describedby': `${id}-help${hasProblem ? ` ${id}-problem` : ''}`, 'aria-invalid': hasProblem };
  if (kind === 'switch')
    return (
      <input {...described} type="checkbox" checked={value === true} onChange={({ currentTarget }) => onChange(currentTarget.checked ? true : undefined)} />
    );
  if (kind === 'choice')
    return (
      <select
        {...described}
        value={String(value ?? '')}
        onChange={({ currentTarget }) => onChange(currentTarget.value === '' ? undefined : currentTarget.value)}
      >
        <option value="">default</option>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    );
  const isNumber = kind === 'number' || kind === 'integer';
  // The server names the range if it is left, as the command line does.
  const range = min !== undefined && max !== undefined ? `${min} to ${max.toLocaleString('en')}` : 'default';
  return (
    <input
      {...described}
      type="text"
      inputMode={isNumber ? 'decimal' : 'text'}
      placeholder={isNumber ? range : 'default'}
      value={String(value ?? '')}
      onInput={({ currentTarget }) => onChange(currentTarget.value.trim() === '' ? undefined : currentTarget.value.trim())}
    />
  );
}
