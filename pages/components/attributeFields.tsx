import type { ConditionAttribute } from '../../src/conditions/attributes.js';
import type { Choice } from './conditions.js';

interface AttributeFieldsProps {
  /** None: nothing is shown. */
  attributes: readonly ConditionAttribute[] | undefined;
  chosen: Choice['attributes'];
  onChange: (chosen: Choice['attributes']) => void;
}

const STEPS = 100;

/** Chooses attributes of a conditional model; any that is not chosen is left open. */
export const AttributeFields = ({ attributes = [], chosen, onChange }: AttributeFieldsProps) => (
  <>
    {attributes.map((attribute) => {
      const { name } = attribute;
      const choose = (value: string): void => {
        const { [name]: _, ...others } = chosen;
        onChange(value === '' ? others : { ...others, [name]: value });
      };
      return (
        <label key={name}>
          {name}{' '}
          {'values' in attribute ? (
            <select value={chosen[name] ?? ''} onChange={({ currentTarget: { value } }) => choose(value)}>
              <option value="">any</option>
              {attribute.values.map((value) => (
                <option key={value}>{value}</option>
              ))}
            </select>
          ) : (
            <input
              type="range"
              min={attribute.low}
              max={attribute.high}
              step={(attribute.high - attribute.low) / STEPS}
              value={chosen[name] ?? (attribute.low + attribute.high) / 2}
              onChange={({ currentTarget: { value } }) => choose(value)}
            />
          )}
        </label>
      );
    })}
  </>
);
