interface ClassSelectProps {
  /** None: nothing is shown. */
  classes: readonly string[] | undefined;
  /** Null for any. */
  label: number | null;
  onChange: (label: number | null) => void;
  id?: string;
}

/** Chooses a class of a conditional model. */
export const ClassSelect = ({ classes = [], label, onChange, id = 'class' }: ClassSelectProps) =>
  classes.length === 0 ? null : (
    <label>
      Class{' '}
      <select
        id={id}
        value={label ?? ''}
        onChange={({ currentTarget: { value } }) => onChange(value === '' ? null : Number(value))}
      >
        <option value="">any</option>
        {classes.map((name, index) => (
          <option key={index} value={index}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
