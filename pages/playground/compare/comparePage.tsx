/** Two trainings that differ in one setting, with the same data, seed and clock. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { ChartPoint } from '../../components/chart.js';
import { Choice, LogSlider } from '../../components/controls.js';
import type { PageProps } from '../page.js';
import { LATENT_OF, modelOf, type PlaneSettings, valueOf, withValue } from '../plane/settings.js';
import { SHAPE_NAMES } from '../plane/shapes.js';
import { Toolbar } from '../plane/toolbar.js';
import { usePlane } from '../plane/usePlane.js';
import { CodesView, GeneratorView, SideMark } from '../plane/views.js';
import { type CurveChart, Curves } from '../training/curves.js';
import { type Comparison, comparisonOf, DIFFERENCES, queryOf, sidesOf } from './difference.js';

const ADDRESS_MS = 300;
const SIDES = [
  { name: 'A', color: '--curve-1' },
  { name: 'B', color: '--curve-2' },
] as const;

export function ComparePage({ query, onQuery }: PageProps) {
  const [comparison, setComparison] = useState(() => comparisonOf(query));
  const sides = useMemo(() => sidesOf(comparison), [comparison]);
  const plane = usePlane(sides);
  const points = useMemo(() => mergePoints(plane.points), [plane.points]);
  useEffect(() => {
    const timer = setTimeout(() => onQuery(queryOf(comparison)), ADDRESS_MS);
    return () => clearTimeout(timer);
  }, [comparison]);
  const changeSettings = (changes: Partial<PlaneSettings>): void =>
    setComparison((before) => ({ ...before, settings: { ...before.settings, ...changes } }));
  const views = sides.map((settings, index) => ({
    side: SIDES[index]!,
    track: plane.frame?.tracks[index],
    latent: LATENT_OF[settings.prior],
    isConditional: modelOf(settings).isConditional,
    arrows: settings.arrows,
  }));
  return (
    <div class="compare page">
      <Toolbar
        title="Compare two settings"
        plane={plane}
        settings={sides}
        address={`#/compare?${queryOf(comparison)}`}
        onChange={changeSettings}
      />
      <Difference
        comparison={comparison}
        onChange={(changes) => setComparison((before) => ({ ...before, ...changes }))}
        onData={changeSettings}
      />
      <div class="views">
        {views.map((view) => (
          <GeneratorView key={view.side.name} {...view} />
        ))}
        {views.map((view) => (
          <CodesView key={view.side.name} {...view} />
        ))}
      </div>
      <Curves charts={CHARTS} points={points} isSmall />
    </div>
  );
}

interface DifferenceProps {
  comparison: Comparison;
  onChange: (changes: Partial<Comparison>) => void;
  onData: (changes: Partial<PlaneSettings>) => void;
}

function Difference({ comparison, onChange, onData }: DifferenceProps) {
  const { settings, name, value } = comparison;
  const names = Object.keys(DIFFERENCES);
  // Another setting begins with its present value on both sides.
  const choose = (chosen: string): void => onChange({ name: chosen, value: valueOf(settings, chosen) });
  return (
    <div class="difference card">
      {settings.data !== 'drawn' && (
        <Choice label="Data" value={settings.data} choices={SHAPE_NAMES} onChoose={(data) => onData({ data })} />
      )}
      <Choice
        label="What differs"
        value={name}
        choices={names}
        nameOf={(each) => DIFFERENCES[each]!.label}
        onChoose={choose}
      />
      <Value
        side={SIDES[0]}
        name={name}
        value={valueOf(settings, name)}
        onChange={(chosen) => onChange({ settings: withValue(settings, name, chosen) })}
      />
      <Value side={SIDES[1]} name={name} value={value} onChange={(chosen) => onChange({ value: chosen })} />
    </div>
  );
}

interface ValueProps {
  side: (typeof SIDES)[number];
  name: string;
  value: string;
  onChange: (value: string) => void;
}

function Value({ side, name, value, onChange }: ValueProps) {
  const { control } = DIFFERENCES[name]!;
  const label = <SideMark {...side} />;
  if ('values' in control) return <Choice label={label} value={value} choices={control.values} onChoose={onChange} />;
  return <LogSlider label={label} value={Number(value)} {...control} onChange={(each) => onChange(String(each))} />;
}

const chartOf = (title: string, meaning: string, key: string): CurveChart => ({
  title,
  meaning,
  curves: SIDES.map(({ name, color }) => ({ key: `${name} ${key}`, label: name, color })),
  isLog: true,
});
const CHARTS = [
  chartOf('Reconstruction error', 'How far data are from their reconstructions (match_x).', 'encoder.match_x'),
  chartOf('Excess divergence, data', 'How far codes of data are from uniform (KL_real).', 'encoder.KL_real_excess'),
  chartOf(
    'Excess divergence, samples',
    'How far codes of samples are from uniform (KL_fake).',
    'generator.KL_fake_excess',
  ),
];

/** Both tracks have points at the same iterations. */
const mergePoints = ([first, second]: readonly (readonly ChartPoint[])[]): ChartPoint[] =>
  first!.map(({ step, values }, index) => {
    const named = (side: string, of: Record<string, number>) =>
      Object.entries(of).map(([name, value]) => [`${side} ${name}`, value]);
    return {
      step,
      values: Object.fromEntries([...named('A', values), ...named('B', second![index]?.values ?? {})]) as Record<
        string,
        number
      >,
    };
  });
