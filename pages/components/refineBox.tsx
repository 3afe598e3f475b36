/** Chooses between samples and their reconstructions. */
export const RefineBox = ({ isRefined, onChange }: { isRefined: boolean; onChange: (isRefined: boolean) => void }) => (
  <label title="Reconstruct each sample: stray pixels disappear, and the image changes a little">
    <input
      id="refine"
      type="checkbox"
      checked={isRefined}
      onChange={({ currentTarget }) => onChange(currentTarget.checked)}
    />{' '}
    Refine
  </label>
);
