/** Charts beside each other. */
import { useState } from 'preact/hooks';
import { Chart, type ChartPoint, type ChartProps } from '../../components/chart.js';

/** What a chart shows; `caption` says it in plain words. */
export type CurveChart = Required<Pick<ChartProps, 'title' | 'caption' | 'curves' | 'isLog'>>;

interface CurvesProps {
  charts: readonly CurveChart[];
  points: readonly ChartPoint[];
  /** Whether they are small, without captions, until they are enlarged (default: false). */
  isSmall?: boolean;
}

/** Pixels. Below the views of the plane, small charts fit into a window of 800. */
const [SMALL, LARGE] = [100, 180];

export function Curves({ charts, points, isSmall: startsSmall = false }: CurvesProps) {
  const [isSmall, setIsSmall] = useState(startsSmall);
  return (
    <section class={`curves card ${isSmall ? 'small' : ''}`} aria-label="Curves">
      {charts.map((chart) => (
        <Chart
          key={chart.title}
          {...chart}
          {...(isSmall && { caption: '', emptyText: 'No iterations yet' })}
          points={points}
          height={isSmall ? SMALL : LARGE}
        />
      ))}
      {startsSmall && (
        <button type="button" class="quiet" onClick={() => setIsSmall(!isSmall)}>
          {isSmall ? 'Enlarge' : 'Reduce'}
        </button>
      )}
    </section>
  );
}
