/** The networks, the three views and the curves of training on the plane. */
import { Curves } from '../training/curves.js';
import { CHARTS } from './curves.js';
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
  /** Whether a visitor decides when training begins, and can update one network (default: false). */
  hasSteps?: boolean;
}

export function Stage({ plane, settings, onPoint, asked, hasSteps = false }: StageProps) {
  const { frame, points, running, isReady } = plane;
  const { prior, arrows } = settings;
  const { isConditional } = modelOf(settings);
  const view = { track: frame?.tracks[0], latent: LATENT_OF[prior], isConditional, arrows, asked };
  return (
    <div class="stage">
      <Flow
        frame={frame}
        running={running}
        prior={prior}
        onStep={hasSteps ? plane.step : undefined}
        canStep={isReady && !plane.isWanted}
      />
      <div class="views">
        <GeneratorView {...view} onPoint={settings.data === 'drawn' ? onPoint : undefined} />
        <EncoderView {...view} />
        <CodesView {...view} />
      </div>
      {(hasSteps || points[0]!.length > 0) && <Curves charts={CHARTS} points={points[0]!} isSmall />}
    </div>
  );
}
