import type { DataState } from './data.js';

/** Why a panel has no data yet. Its line is reserved. */
export const DataMessage = ({ data }: { readonly data: DataState }) => (
  <p class={data.encoded || !data.isFailure ? 'data-message' : 'data-message failed'} role="status">
    {data.encoded ? '' : data.message}
  </p>
);
