/** AGE on two-dimensional data, live. */
import { useEffect, useState } from 'preact/hooks';
import type { PageProps } from '../page.js';
import { Panel } from './panel.js';
import { fromQuery, type PlaneSettings, toQuery } from './settings.js';
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
  return (
    <div class="plane">
      <Toolbar plane={plane} settings={[settings]} address={`#/plane?${toQuery(settings)}`} onChange={change} />
      <div class="workbench">
        <Panel settings={settings} onChange={change} />
        <Stage plane={plane} settings={settings} onChange={change} />
      </div>
    </div>
  );
}
