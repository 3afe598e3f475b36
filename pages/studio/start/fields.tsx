/** Settings as fields, each with its description and its error. */
import { useEffect, useState } from 'preact/hooks';
import type { FieldValues, FormField, TrainingForm } from '../../../src/studio/schemas.js';
import { formatNumber } from '../format.js';

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

/** With separators in large numbers. */
const separated = (text: string): string => text.replaceAll(/\d{5,}/gu, (digits) => formatNumber(Number(digits)));

export const fieldId = (name: string): string => `field-${name}`;

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
  const id = fieldId(name);
  return (
    <div class="field">
      <label for={id} title={range === undefined ? flag : `${flag}, ${separated(range)}`}>
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
      <p class="meaning capital" id={`${id}-help`}>
        {description}
      </p>
      {problem !== undefined && (
        <p class="failed capital" id={`${id}-problem`}>
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
  field: { kind, choices, choiceTitles, arguments: expected, default: standard = '' },
  value,
  inherited,
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
      <ChoiceInput
        described={described}
        choices={choices!}
        titles={choiceTitles}
        expected={expected}
        value={String(value ?? '')}
        inherited={(inherited ?? standard) || 'default'}
        onChange={onChange}
      />
    );
  return (
    <input
      {...described}
      type="text"
      inputMode={kind === 'number' || kind === 'integer' ? 'decimal' : 'text'}
      placeholder={
        inherited === undefined ? standard && `Default: ${standard}` : inherited && `As before: ${inherited}`
      }
      value={String(value ?? '')}
      onInput={({ currentTarget }) =>
        onChange(currentTarget.value.trim() === '' ? undefined : currentTarget.value.trim())
      }
    />
  );
}

interface ChoiceInputProps {
  described: { id: string; 'aria-describedby': string; 'aria-invalid': boolean };
  choices: readonly string[];
  titles: Record<string, string> | undefined;
  /** What choices expect after a colon. */
  expected: Record<string, string> | undefined;
  value: string;
  inherited: string;
  onChange: (value: string | undefined) => void;
}

/** A choice, with a field for what it expects. */
function ChoiceInput({ described, choices, titles, expected, value, inherited, onChange }: ChoiceInputProps) {
  const [chosen = '', argument = ''] = expected ? value.split(':') : [value];
  const choose = (choice: string): void =>
    onChange(choice === '' ? undefined : expected && choice in expected ? `${choice}:${argument}` : choice);
  return (
    <div class="choice-input">
      <select {...described} class="grow" value={chosen} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        <option value="">{titles?.[inherited] ?? inherited}</option>
        {choices
          .filter((choice) => choice !== inherited || choice === chosen)
          .map((choice) => (
            <option key={choice} value={choice}>
              {titles?.[choice] ?? choice}
            </option>
          ))}
      </select>
      {expected?.[chosen] !== undefined && (
        <input
          class="grow"
          type="text"
          inputMode="numeric"
          aria-label={expected[chosen]}
          aria-invalid={described['aria-invalid']}
          placeholder={expected[chosen]}
          value={argument}
          onInput={({ currentTarget }) => onChange(`${chosen}:${currentTarget.value.trim()}`)}
        />
      )}
    </div>
  );
}
