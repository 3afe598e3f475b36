/** Charts beside each other. */
import type { ChartPoint, ChartProps } from '../../components/chart.js';
import { ChartCard } from '../../components/chartCard.js';

/** What a chart shows; `meaning` says it in plain words. */
export type CurveChart = Required<Pick<ChartProps, 'title' | 'curves' | 'isLog'>> & { meaning: string };

interface CurvesProps {
  charts: readonly CurveChart[];
  points: readonly ChartPoint[];
  /** Whether little room is left for them: they are low, and their meanings open on demand (default: false). */
  isSmall?: boolean;
}

/** Pixels. Below the views of the plane, small charts fit into a window of 800. */
const [SMALL, LARGE] = [112, 180];

export const Curves = ({ charts, points, isSmall = false }: CurvesProps) => (
  <section class="curves" aria-labelledby="curves-heading">
    <h2 id="curves-heading" class="hidden">
      Curves
    </h2>
    {charts.map((chart) => (
      <ChartCard
        key={chart.title}
        {...chart}
        source="agenet playground"
        points={points}
        height={isSmall ? SMALL : LARGE}
        emptyText="Press Play to draw curves"
        hasMeaning={!isSmall}
      />
    ))}
  </section>
);
