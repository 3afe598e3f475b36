/** Buttons that steer a run, and what can be done with its checkpoints. */
import { useState } from 'preact/hooks';
import type { RunSummary, SteeringAction } from '../../../src/studio/schemas.js';
import { addressOf } from '../address.js';
import { deleteRun, resumeRun, steerRun } from '../api.js';

interface SteeringProps {
  readonly run: RunSummary;
  readonly onFailure: (error: unknown) => void;
}

export function Steering({ run, onFailure }: SteeringProps) {
  const [busy, setBusy] = useState(false);
  const act = (action: () => Promise<void>): void => {
    setBusy(true);
    action()
      .catch(onFailure)
      .finally(() => setBusy(false));
  };
  const steer = (action: SteeringAction): void => act(() => steerRun(run.id, action));
  const isTraining = run.state === 'running' || run.state === 'paused';
  const isPaused = run.state === 'paused';
  if (run.state === 'queued')
    return (
      <div class="buttons">
        <button type="button" disabled={busy} onClick={() => act(() => deleteRun(run.id))}>
          Remove from the queue
        </button>
      </div>
    );
  return (
    <div class="buttons" role="group" aria-label="Training">
      {isTraining ? (
        <>
          <button id="play" type="button" class="primary" disabled={busy} onClick={() => steer(isPaused ? 'play' : 'pause')}>
            {isPaused ? 'Play' : 'Pause'}
          </button>
          <button id="step" type="button" disabled={busy || !isPaused} onClick={() => steer('step')}>
            Step
          </button>
          <button id="stop" type="button" disabled={busy} onClick={() => steer('stop')}>
            Stop
          </button>
        </>
      ) : (
        <Resumption run={run} disabled={busy || run.state === 'starting'} onResume={(steps) => act(() => resumeRun(run.id, steps))} />
      )}
      {run.checkpoint !== null && (
        <>
          <a class="button" href={addressOf('explore', run.id)}>
            Explore
          </a>
          <a class="button" href={addressOf('start', '', { fork: run.id, step: String(run.checkpoint) })}>
            Fork
          </a>
        </>
      )}
      {!isTraining && run.state !== 'starting' && <Deletion run={run} onDelete={() => act(() => deleteRun(run.id).then(() => void (location.hash = '#/')))} />}
    </div>
  );
}

/** Resumes an interrupted run, or extends one that is finished. */
function Resumption({ run, disabled, onResume }: { run: RunSummary; disabled: boolean; onResume: (steps?: number) => void }) {
  const [steps, setSteps] = useState('');
  const isFinished = run.state === 'finished';
  const total = Number(steps);
  const isValid = Number.isInteger(total) && total > run.step;
  return (
    <>
      {!isFinished && (
        <button id="resume" type="button" class="primary" disabled={disabled} onClick={() => onResume()}>
          Resume
        </button>
      )}
      <form
        class="extend"
        onSubmit={(event) => {
          event.preventDefault();
          if (isValid) onResume(total);
        }}
      >
        <label>
          Extend to{' '}
          <input
            type="number"
            class="iteration"
            min={run.step + 1}
            placeholder={String(2 * Math.max(run.step, 1))}
            value={steps}
            onInput={({ currentTarget }) => setSteps(currentTarget.value)}
          />{' '}
          iterations
        </label>
        <button type="submit" disabled={disabled || !isValid}>
          Extend
        </button>
      </form>
    </>
  );
}

/** Deletes a run after a second click. */
function Deletion({ run, onDelete }: { run: RunSummary; onDelete: () => void }) {
  const [isAsked, setIsAsked] = useState(false);
  if (!isAsked)
    return (
      <button id="delete" type="button" onClick={() => setIsAsked(true)}>
        Delete…
      </button>
    );
  return (
    <span role="alert" class="confirmation">
      Delete {run.id} with all its checkpoints?{' '}
      <button id="confirm-delete" type="button" onClick={onDelete}>
        Delete
      </button>{' '}
      <button type="button" onClick={() => setIsAsked(false)}>
        Keep
      </button>
    </span>
  );
}
