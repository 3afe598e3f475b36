interface ClassSelectProps {
  /** None: nothing is shown. */
  classes: readonly string[] | undefined;
  /** Null for any. */
  label: number | null;
  onChange: (label: number | null) => void;
}

/** Chooses the class of samples of a conditional model. */
export const ClassSelect = ({ classes = [], label, onChange }: ClassSelectProps) =>
  classes.length === 0 ? null : (
    <label>
      Class{' '}
      <select
        id="class"
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
