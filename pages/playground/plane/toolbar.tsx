/** The buttons of training on the plane: what learns, how fast, and what leaves the page. */
import { useState } from 'preact/hooks';
import { TrainingButtons } from '../../components/controls.js';
import { Counter } from '../training/counter.js';
import { Share } from './share.js';
import { iterationOfFrame } from './protocol.js';
import { dataOf, type PlaneSettings, SPEEDS } from './settings.js';
import type { Plane } from './usePlane.js';

interface ToolbarProps {
  plane: Plane;
  /** Of each track. */
  settings: readonly PlaneSettings[];
  /** The address of this page with all settings. */
  address: string;
  onChange: (changes: Partial<PlaneSettings>) => void;
}

export function Toolbar({ plane, settings, address, onChange }: ToolbarProps) {
  const { frame, isReady, running, failure } = plane;
  const [shared, setShared] = useState('');
  const isWaiting = settings.some((each) => dataOf(each) === undefined);
  return (
    <div class="player toolbar">
      <TrainingButtons
        isRunning={running !== undefined}
        disabled={!isReady || failure !== ''}
        onRun={(isWanted) => (isWanted ? plane.run() : plane.pause())}
        onStep={() => plane.step()}
        onHalfStep={(network) => plane.step(network)}
        onReset={plane.reset}
      >
        <select
          aria-label="iterations per second"
          value={settings[0]!.speed}
          onChange={({ currentTarget }) => onChange({ speed: SPEEDS[currentTarget.selectedIndex]! })}
        >
          {SPEEDS.map((speed) => (
            <option key={speed} value={speed}>
              {speed === 'fastest' ? 'Full speed' : `${speed} it/s`}
            </option>
          ))}
        </select>
        <Counter iteration={frame ? iterationOfFrame(frame) : 0} rate={running && frame?.rate.toFixed(0)} />
      </TrainingButtons>
      <Share plane={plane} settings={settings} address={address} onMessage={setShared} />
      <p id="status" role="status" class={failure ? 'failed' : ''}>
        {failure ||
          (isWaiting ? 'Press on the first view to add points.' : isReady ? shared : 'Compiling the networks…')}
      </p>
    </div>
  );
}
