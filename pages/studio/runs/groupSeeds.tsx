/** Whether runs that differ only in their seeds are shown as one. */

interface GroupSeedsProps {
  /** What becomes of them. */
  title: string;
  isGrouped: boolean;
  /** Receives `seed`, or nothing, as the address has it. */
  onChange: (grouping: string) => void;
}

export const GroupSeeds = ({ title, isGrouped, onChange }: GroupSeedsProps) => (
  <label title={title}>
    <input
      id="group-seeds"
      type="checkbox"
      checked={isGrouped}
      onChange={({ currentTarget }) => onChange(currentTarget.checked ? 'seed' : '')}
    />{' '}
    Group seeds
  </label>
);
