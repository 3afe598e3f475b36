/** The networks, the three views and the curves of training on the plane. */
import { Chart } from '../../components/chart.js';
import { DIVERGENCES, LOSSES, MATCHES } from './curves.js';
import { Flow } from './flow.js';
import { LATENT_OF, modelOf, type PlaneSettings } from './settings.js';
import type { Plane } from './usePlane.js';
import { CodesView, EncoderView, GeneratorView, type ViewName } from './views.js';

interface StageProps {
  plane: Plane;
  settings: PlaneSettings;
  /** Adds a point to drawn data (default: none can be added). */
  onPoint?: (x: number, y: number) => void;
  /** The view that a question is about (default: none). */
  asked?: ViewName;
}

export function Stage({ plane: { frame, points, running }, settings, onPoint, asked }: StageProps) {
  const { prior, arrows } = settings;
  const { isConditional } = modelOf(settings);
  const view = { track: frame?.tracks[0], latent: LATENT_OF[prior], isConditional, arrows, asked };
  return (
    <div class="stage">
      <Flow frame={frame} running={running} prior={prior} />
      <div class="views">
        <GeneratorView {...view} onPoint={settings.data === 'drawn' ? onPoint : undefined} />
        <EncoderView {...view} />
        <CodesView {...view} />
      </div>
      <section class="curves card" aria-label="Curves">
        <Chart title="Divergences above their lower bound" curves={DIVERGENCES} points={points[0]!} isLog />
        <Chart title="Reconstruction of data and codes" curves={MATCHES} points={points[0]!} isLog />
        <Chart title="Losses, and the term uniform" curves={LOSSES} points={points[0]!} />
      </section>
    </div>
  );
}
