/** What can be done with runs: the menu of one, and buttons for several. */
import { useState } from 'preact/hooks';
import type { ListedRun } from '../../../src/studio/schemas.js';
import { isTraining } from '../../../src/studio/states.js';
import { FormDialog, Question } from '../../components/dialog.js';
import { Menu } from '../../components/menu.js';
import { addressOf, formatRuns, MAX_RUNS } from '../address.js';
import { addTag, deleteRun, renameRun, steerRun, writeNote } from '../api.js';

interface RunMenuProps {
  run: ListedRun;
  /** A sign on the button. */
  label?: string;
  /** After it was renamed (its new ID) or deleted. */
  onMoved?: (id: string | undefined) => void;
  onFailure: (error: unknown) => void;
}

type Asked = 'name' | 'note' | 'deletion';

/** Everything but steering. A run that waits has no folder yet, and none of this. */
export function RunMenu({ run, label = '⋯', onMoved = () => undefined, onFailure }: RunMenuProps) {
  const [asked, setAsked] = useState<Asked>();
  const close = (): void => setAsked(undefined);
  if (run.model === '') return null;
  return (
    <>
      <Menu label={label} name={`Actions of ${run.id}`} class="quiet run-menu">
        {() => <MenuItems run={run} onAsk={setAsked} />}
      </Menu>
      {asked === 'name' && (
        <TextDialog
          title={`Rename ${run.id}`}
          label="New name of its folder"
          text={run.id.split('/').at(-1)!}
          action="Rename"
          onAction={(name) => renameRun(run.id, name).then(({ run: id }) => onMoved(id))}
          onClose={close}
        />
      )}
      {asked === 'note' && (
        <TextDialog
          title={`Note on ${run.id}`}
          label="Note"
          text={run.note}
          isLong
          action="Save"
          onAction={(note) => writeNote(run.id, note)}
          onClose={close}
        />
      )}
      {asked === 'deletion' && (
        <Question
          title={`Delete ${run.id}?`}
          action="Delete"
          onAction={() => void deleteRun(run.id).then(() => onMoved(undefined), onFailure)}
          onClose={close}
        >
          <p>Its folder with all checkpoints and previews is removed from the disk.</p>
        </Question>
      )}
    </>
  );
}

function MenuItems({ run, onAsk }: { run: ListedRun; onAsk: (asked: Asked) => void }) {
  const { id, checkpoint, state } = run;
  return (
    <>
      {checkpoint !== null && (
        <>
          <a href={addressOf('explore', id)}>Explore</a>
          <a href={addressOf('start', '', { fork: id, step: String(checkpoint) })}>Fork</a>
        </>
      )}
      <button type="button" onClick={() => onAsk('note')}>
        Note…
      </button>
      <button type="button" disabled={isTraining(state)} onClick={() => onAsk('name')}>
        Rename…
      </button>
      <button type="button" class="dangerous" disabled={isTraining(state)} onClick={() => onAsk('deletion')}>
        Delete…
      </button>
    </>
  );
}

interface TextDialogProps {
  title: string;
  label: string;
  text: string;
  isLong?: boolean;
  action: string;
  onAction: (text: string) => Promise<unknown>;
  onClose: () => void;
}

function TextDialog({ label, text: before, isLong = false, onAction, ...dialog }: TextDialogProps) {
  const [text, setText] = useState(before);
  const field = {
    id: 'asked-text',
    autofocus: true,
    value: text,
    onInput: ({ currentTarget }: { currentTarget: HTMLInputElement | HTMLTextAreaElement }) =>
      setText(currentTarget.value),
  };
  return (
    <FormDialog {...dialog} onAction={() => onAction(text.trim())}>
      <label for="asked-text">{label}</label>
      {isLong ? <textarea {...field} rows={6} maxLength={2000} /> : <input {...field} required />}
    </FormDialog>
  );
}

interface SelectionProps {
  runs: readonly ListedRun[];
  /** Whether seeds are grouped. */
  isGrouped: boolean;
  onClear: () => void;
  onFailure: (error: unknown) => void;
}

/** Buttons for the selected runs, over the end of the window. */
export function Selection({ runs, isGrouped, onClear, onFailure }: SelectionProps) {
  const [asked, setAsked] = useState<'tag' | 'deletion'>();
  const [training, ended] = [runs.filter(isInTraining), runs.filter((run) => !isInTraining(run))];
  const forAll = (chosen: readonly ListedRun[], action: (id: string) => Promise<void>): Promise<unknown> =>
    Promise.all(chosen.map(({ id }) => action(id))).catch(onFailure);
  const compared = { runs: formatRuns(runs.map(({ id }) => id)), ...(isGrouped && { group: 'seed' }) };
  return (
    <div class="toast row selection" role="region" aria-label="Selected runs">
      <strong>{runs.length} selected</strong>
      {runs.length === 1 ? (
        <span class="meaning">Select another to compare.</span>
      ) : runs.length > MAX_RUNS ? (
        <span class="meaning">At most {MAX_RUNS} can be compared.</span>
      ) : (
        <a class="button primary" href={addressOf('compare', '', compared)}>
          Compare
        </a>
      )}
      <button type="button" onClick={() => setAsked('tag')}>
        Tag…
      </button>
      <button
        type="button"
        disabled={training.length === 0}
        onClick={() => void forAll(training, (id) => steerRun(id, 'stop'))}
      >
        Stop
      </button>
      <button type="button" disabled={ended.length === 0} onClick={() => setAsked('deletion')}>
        Delete…
      </button>
      <button type="button" class="quiet" aria-label="Clear the selection" onClick={onClear}>
        ✕
      </button>
      {asked === 'tag' && (
        <TextDialog
          title={`Tag ${runs.length} runs`}
          label="Tag"
          text=""
          action="Add"
          onAction={(tag) => Promise.all(runs.map(({ id }) => addTag(id, tag)))}
          onClose={() => setAsked(undefined)}
        />
      )}
      {asked === 'deletion' && (
        <Question
          title={`Delete ${ended.length} runs?`}
          action="Delete"
          onAction={() => void forAll(ended, deleteRun)}
          onClose={() => setAsked(undefined)}
        >
          <p>
            {ended.map(({ id }) => id).join(', ')}: their folders with all checkpoints and previews are removed from the
            disk.{training.length > 0 && ' Runs in training stay.'}
          </p>
        </Question>
      )}
    </div>
  );
}

const isInTraining = ({ state }: ListedRun): boolean => isTraining(state);
