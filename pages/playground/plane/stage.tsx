/** The networks, the three views and the curves of training on the plane. */
import { Chart } from '../../components/chart.js';
import { DIVERGENCES, LOSSES, MATCHES } from './curves.js';
import { Flow } from './flow.js';
import { LATENT_OF, MAX_DRAWN, modelOf, type PlaneSettings } from './settings.js';
import type { Plane } from './usePlane.js';
import { CodesView, EncoderView, GeneratorView } from './views.js';

interface StageProps {
  plane: Plane;
  settings: PlaneSettings;
  onChange?: (changes: Partial<PlaneSettings>) => void;
}

export function Stage({ plane: { frame, points, running }, settings, onChange }: StageProps) {
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
