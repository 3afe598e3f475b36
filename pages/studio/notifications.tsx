/** News of runs while the page is not looked at: notifications of the system, and the title of the tab. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ListedRun } from '../../src/studio/schemas.js';
import { isTraining } from '../../src/studio/states.js';
import { addressOf } from './address.js';

type Runs = ReadonlyMap<string, ListedRun>;

const CHOICE = 'agenet studio notifications';

/** Only some addresses have notifications. */
const canNotify = (): boolean => 'Notification' in globalThis;

/** Runs that trained and have ended since. */
export function endedRuns(before: Runs, runs: Runs): ListedRun[] {
  return Array.from(before.values()).flatMap(({ id, state }) => {
    const now = runs.get(id);
    return now && isTraining(state) && !isTraining(now.state) && now.state !== 'queued' ? [now] : [];
  });
}

const SENTENCES: Partial<Record<ListedRun['state'], string>> = {
  finished: 'has finished',
  stopped: 'was stopped',
  failed: 'has failed',
  interrupted: 'was interrupted',
};

/** A switch for notifications, which also shows them. Missing in browsers without them. */
export function Notifications({ runs }: { runs: Runs }) {
  const [isOn, setIsOn] = useState(
    () => canNotify() && Notification.permission === 'granted' && localStorage.getItem(CHOICE) === 'on',
  );
  const before = useRef(runs);
  useEffect(() => {
    const ended = isOn ? endedRuns(before.current, runs) : [];
    before.current = runs;
    for (const run of ended) notify(run);
  }, [runs, isOn]);
  if (!canNotify()) return null;
  const change = async (): Promise<void> => {
    const isAllowed = !isOn && (await Notification.requestPermission()) === 'granted';
    localStorage.setItem(CHOICE, isAllowed ? 'on' : 'off');
    setIsOn(isAllowed);
  };
  const isDenied = Notification.permission === 'denied';
  return (
    <button
      id="notify"
      type="button"
      class="quiet"
      aria-pressed={isOn}
      disabled={isDenied}
      title={isDenied ? 'The browser does not allow notifications of this page' : 'Notify me when a run ends'}
      onClick={() => void change()}
    >
      {isOn ? 'Notifications on' : 'Notify me'}
    </button>
  );
}

function notify({ id, state, reason }: ListedRun): void {
  const shown = new Notification(`${id} ${SENTENCES[state] ?? `is ${state}`}`, { tag: id, body: reason ?? '' });
  shown.addEventListener('click', () => {
    focus();
    location.hash = addressOf('run', id);
  });
}

/** The title of the tab: the state of a run in training, or how many train. */
export function titleWithState(title: string, run: ListedRun | undefined, runs: Runs): string {
  if (run) {
    const { state, step, totalSteps } = run;
    const share = totalSteps === null || totalSteps === 0 ? '' : `${Math.floor((100 * step) / totalSteps)}% `;
    return state === 'running'
      ? `${share}${title}`
      : isTraining(state) || state === 'failed'
        ? `${state}: ${title}`
        : title;
  }
  const training = Array.from(runs.values()).filter(({ state }) => isTraining(state)).length;
  return training === 0 ? title : `(${training} training) ${title}`;
}
