/** AGE on two-dimensional data, live. */
import { useEffect, useState } from 'preact/hooks';
import { Chart } from '../../components/chart.js';
import type { PageProps } from '../page.js';
import { DIVERGENCES, LOSSES, MATCHES } from './curves.js';
import { Flow } from './flow.js';
import { Panel } from './panel.js';
import { fromQuery, LATENT_OF, MAX_DRAWN, modelOf, type PlaneSettings, toQuery } from './settings.js';
import { Toolbar } from './toolbar.js';
import { type Plane, usePlane } from './usePlane.js';
import { CodesView, EncoderView, GeneratorView } from './views.js';

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
        <PlaneViews plane={plane} settings={settings} onChange={change} />
      </div>
    </div>
  );
}

interface PlaneViewsProps {
  plane: Plane;
  settings: PlaneSettings;
  onChange?: (changes: Partial<PlaneSettings>) => void;
}

/** The networks, the three views and the curves. */
export function PlaneViews({ plane: { frame, points, running }, settings, onChange }: PlaneViewsProps) {
  const { drawn, prior, arrows } = settings;
  const addPoint = (x: number, y: number): void => {
    if (drawn.length < 2 * MAX_DRAWN && Math.max(Math.abs(x), Math.abs(y)) <= 1)
      onChange?.({ drawn: Float32Array.of(...drawn, x, y) });
  };
  const { isConditional } = modelOf(settings);
  const view = { track: frame?.tracks[0], latent: LATENT_OF[prior], isConditional, arrows };
  return (
    <div class="stage">
      <Flow frame={frame} running={running} prior={prior} />
      <div class="views">
        <GeneratorView {...view} onPoint={settings.data === 'drawn' ? addPoint : undefined} />
        <EncoderView {...view} />
        <CodesView {...view} />
      </div>
      <section class="curves" aria-label="Curves">
        <Chart title="Divergences above their lower bound" curves={DIVERGENCES} points={points[0]!} isLog />
        <Chart title="Reconstruction of data and codes" curves={MATCHES} points={points[0]!} isLog />
        <Chart title="Losses, and the term uniform" curves={LOSSES} points={points[0]!} />
      </section>
    </div>
  );
}
