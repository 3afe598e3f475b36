/** Buttons that steer a run or explore it, and the menu of its other actions. */
import { useEffect, useState } from 'preact/hooks';
import type { ListedRun, SteeringAction } from '../../../src/studio/schemas.js';
import { isTraining } from '../../../src/studio/states.js';
import { addressOf } from '../address.js';
import { FormDialog } from '../../components/dialog.js';
import { cancelTraining, resumeRun, steerRun } from '../api.js';
import { formatNumber } from '../format.js';
import { RunMenu } from '../runs/runActions.js';

interface SteeringProps {
  run: ListedRun;
  onFailure: (error: unknown) => void;
}

/** A request that the training process has not carried out yet. */
interface Pending {
  action: SteeringAction;
  state: ListedRun['state'];
  /** The iteration after all presses of Step. */
  step: number;
}

const isDone = ({ action, state, step }: Pending, run: ListedRun): boolean =>
  action === 'step' && isTraining(run.state) ? run.state === 'paused' && run.step >= step : state !== run.state;

const PENDING: Record<SteeringAction, string> = {
  play: 'Continuing…',
  pause: 'Pausing…',
  step: 'Training single iterations…',
  stop: 'Saving and stopping…',
};

/** Buttons stay enabled during an action, so that they keep the focus. Only presses of Step count then. */
export function Steering({ run, onFailure }: SteeringProps) {
  const [isBusy, setIsBusy] = useState(false);
  const [pending, setPending] = useState<Pending>();
  const report = (error: unknown): void => {
    setPending(undefined);
    onFailure(error);
  };
  const act = (action: () => Promise<void>): void => {
    if (isBusy) return;
    setIsBusy(true);
    action()
      .catch(report)
      .finally(() => setIsBusy(false));
  };
  const steer = (action: SteeringAction): void => {
    if (isBusy || (pending && !(action === 'step' && pending.action === 'step'))) return;
    const step = (pending?.step ?? run.step) + (action === 'step' ? 1 : 0);
    setPending({ action, state: run.state, step });
    steerRun(run.id, action).catch(report);
  };
  useEffect(() => {
    if (pending && isDone(pending, run)) setPending(undefined);
  }, [pending, run.state, run.step]);
  const backToList = (): void => void (location.hash = '#/');
  if (run.state === 'queued' || (run.state === 'failed' && run.model === ''))
    return (
      <div class="buttons">
        <button
          type="button"
          onClick={() => act(() => cancelTraining(run.id).then(run.model === '' ? backToList : undefined))}
        >
          {run.state === 'queued' ? 'Remove from the queue' : 'Dismiss'}
        </button>
      </div>
    );
  return (
    <>
      <span role="status" class="meaning grow">
        {pending && PENDING[pending.action]}
      </span>
      <div class="buttons" role="group" aria-label="Training">
        {isTraining(run.state) ? (
          <TrainingControls run={run} isStepping={pending?.action === 'step'} onSteer={steer} />
        ) : (
          <Resumption run={run} onResume={() => act(() => resumeRun(run.id))} />
        )}
        {run.checkpoint !== null && (
          <a class={`button ${run.state === 'finished' ? 'primary' : ''}`} href={addressOf('explore', run.id)}>
            Explore
          </a>
        )}
        <RunMenu
          run={run}
          onMoved={(id) => void (location.hash = id === undefined ? '#/' : addressOf('run', id))}
          onFailure={onFailure}
        />
      </div>
    </>
  );
}

interface TrainingControlsProps {
  run: ListedRun;
  isStepping: boolean;
  onSteer: (action: SteeringAction) => void;
}

function TrainingControls({ run: { state }, isStepping, onSteer }: TrainingControlsProps) {
  const isPaused = state === 'paused';
  return (
    <>
      {state !== 'starting' && (
        <>
          <button id="play" type="button" class="primary" onClick={() => onSteer(isPaused ? 'play' : 'pause')}>
            {isPaused ? 'Play' : 'Pause'}
          </button>
          <button id="step" type="button" disabled={!isPaused && !isStepping} onClick={() => onSteer('step')}>
            Step
          </button>
        </>
      )}
      <button id="stop" type="button" onClick={() => onSteer('stop')}>
        Stop
      </button>
    </>
  );
}

/** Resumes an interrupted run, or extends one that is finished. */
function Resumption({ run, onResume }: { run: ListedRun; onResume: () => void }) {
  const [isAsked, setIsAsked] = useState(false);
  return (
    <>
      {run.state !== 'finished' && (
        <button id="resume" type="button" class="primary" onClick={onResume}>
          {run.checkpoint === null ? 'Start over' : 'Resume'}
        </button>
      )}
      <button id="extend" type="button" onClick={() => setIsAsked(true)}>
        Extend…
      </button>
      {isAsked && (
        <Extension run={run} onExtend={(steps) => resumeRun(run.id, steps)} onClose={() => setIsAsked(false)} />
      )}
    </>
  );
}

interface ExtensionProps {
  run: ListedRun;
  onExtend: (steps: number) => Promise<void>;
  onClose: () => void;
}

function Extension({ run: { id, step }, onExtend, onClose }: ExtensionProps) {
  const [steps, setSteps] = useState(2 * Math.max(step, 1));
  return (
    <FormDialog title={`Extend ${id}`} action="Extend" onAction={() => onExtend(steps)} onClose={onClose}>
      <label for="extension">Train until iteration</label>
      <input
        id="extension"
        type="number"
        autofocus
        required
        min={step + 1}
        step="1"
        value={steps}
        onInput={({ currentTarget }) => setSteps(currentTarget.valueAsNumber)}
      />
      <p class="meaning">
        It has trained {formatNumber(step)} so far. The learning rate then follows its schedule for the new length.
      </p>
    </FormDialog>
  );
}
