/** Charts beside each other. */
import { Chart, type ChartPoint, type ChartProps } from '../../components/chart.js';

/** What a chart shows; `caption` says it in plain words. */
export type CurveChart = Required<Pick<ChartProps, 'title' | 'caption' | 'curves' | 'isLog'>>;

export const Curves = ({ charts, points }: { charts: readonly CurveChart[]; points: readonly ChartPoint[] }) => (
  <section class="curves card" aria-label="Curves">
    {charts.map((chart) => (
      <Chart key={chart.title} {...chart} points={points} />
    ))}
  </section>
);
