/** The title of a page that trains on the plane, its buttons, and what leaves the page. */
import { useState } from 'preact/hooks';
import { TrainingButtons } from '../../components/controls.js';
import { Counter } from '../training/counter.js';
import { Share } from './share.js';
import { iterationOfFrame } from './protocol.js';
import { dataOf, type PlaneSettings, SPEEDS } from './settings.js';
import type { Plane } from './usePlane.js';

interface ToolbarProps {
  title: string;
  plane: Plane;
  /** Of each track. */
  settings: readonly PlaneSettings[];
  /** The address of this page with all settings. */
  address: string;
  onChange: (changes: Partial<PlaneSettings>) => void;
}

const speedName = (speed: PlaneSettings['speed']): string =>
  speed === 'fastest' ? 'Full speed' : `${speed} ${speed === '1' ? 'iteration' : 'iterations'}/s`;

export function Toolbar({ title, plane, settings, address, onChange }: ToolbarProps) {
  const { frame, isReady, isWanted, failure } = plane;
  const [shared, setShared] = useState('');
  const isWaiting = settings.some((each) => dataOf(each) === undefined);
  return (
    <header class="head">
      <h1>{title}</h1>
      <div class="player toolbar">
        <TrainingButtons
          isRunning={isWanted}
          isReady={isReady}
          canRun={!isWaiting && failure === ''}
          onRun={(shouldRun) => (shouldRun ? plane.run() : plane.pause())}
          onStep={() => plane.step()}
          onReset={plane.reset}
        >
          <select
            aria-label="Speed"
            value={settings[0]!.speed}
            onChange={({ currentTarget }) => onChange({ speed: SPEEDS[currentTarget.selectedIndex]! })}
          >
            {SPEEDS.map((speed) => (
              <option key={speed} value={speed}>
                {speedName(speed)}
              </option>
            ))}
          </select>
        </TrainingButtons>
        <Counter iteration={frame ? iterationOfFrame(frame) : 0} rate={plane.running && frame?.rate.toFixed(0)} />
        <p id="status" role="status" class={failure ? 'failed' : ''}>
          {failure ||
            (isWaiting ? 'Press on the Generator view to add points.' : isReady ? shared : 'Compiling the networks…')}
        </p>
      </div>
      <Share plane={plane} settings={settings} address={address} onMessage={setShared} />
    </header>
  );
}
