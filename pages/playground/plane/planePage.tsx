/** AGE on two-dimensional data, live. */
import { useEffect, useState } from 'preact/hooks';
import type { PageProps } from '../page.js';
import { Panel } from './panel.js';
import { fromQuery, MAX_DRAWN, type PlaneSettings, toQuery } from './settings.js';
import { Stage } from './stage.js';
import { Toolbar } from './toolbar.js';
import { usePlane } from './usePlane.js';

/** Milliseconds until the address follows the settings: browsers limit how often it may change. */
const ADDRESS_MS = 300;

export function PlanePage({ query, onQuery }: PageProps) {
  const [settings, setSettings] = useState(() => fromQuery(query));
  const plane = usePlane([settings]);
  useEffect(() => {
    const timer = setTimeout(() => onQuery(toQuery(settings)), ADDRESS_MS);
    return () => clearTimeout(timer);
  }, [settings]);
  const change = (changes: Partial<PlaneSettings>): void => setSettings((before) => ({ ...before, ...changes }));
  const addPoint = (x: number, y: number): void =>
    setSettings((before) =>
      before.drawn.length < 2 * MAX_DRAWN && Math.max(Math.abs(x), Math.abs(y)) <= 1
        ? { ...before, drawn: Float32Array.of(...before.drawn, x, y) }
        : before,
    );
  return (
    <div class="plane page">
      <Toolbar
        title="Train in two dimensions"
        plane={plane}
        settings={[settings]}
        address={`#/plane?${toQuery(settings)}`}
        onChange={change}
      />
      <div class="workbench">
        <Panel settings={settings} onChange={change} />
        <Stage plane={plane} settings={settings} onPoint={addPoint} hasSteps />
      </div>
    </div>
  );
}
