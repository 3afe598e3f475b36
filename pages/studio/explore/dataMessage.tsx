import type { DataState } from './data.js';

/** The progress or failure of the data. Its line is reserved. */
export const DataMessage = ({ data }: { data: DataState }) => (
  <p class={data.encoded || !data.isFailure ? 'data-message' : 'data-message failed'} role="status">
    {data.encoded ? '' : data.message}
  </p>
);
