import { CommandLine } from '../commandLine.js';
import type { DataState } from './data.js';

/** The progress or failure of the data. Its line is reserved. */
export const DataMessage = ({ data }: { data: DataState }) => (
  <p class={data.encoded || !data.isFailure ? 'data-message' : 'data-message failed'} role="status">
    {data.encoded ? '' : data.message}
  </p>
);

/** In the place of a panel that needs data. @param use such as "Neighbors need" */
export const DataOffer = ({ use, command }: { use: string; command: string }) => (
  <div class="empty">
    <p>{use} images of the data, which this studio does not offer. To offer them, start it with:</p>
    <CommandLine command={command} />
    <p class="meaning">If they are in another folder, write its path.</p>
  </div>
);
