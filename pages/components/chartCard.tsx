/** A chart in a card, to enlarge and to save. */
import { useRef, useState } from 'preact/hooks';
import { Chart, type ChartPoint, type ChartProps } from './chart.js';
import { Dialog } from './dialog.js';
import { download, fileName } from './files.js';
import { Menu } from './menu.js';

interface ChartCardProps extends ChartProps {
  /** Names of the values in the log (default: there is no log). */
  names?: string;
  /** What the curves show, and which direction is better. */
  meaning: string;
  /** Whether the meaning is below the title (default: behind a question mark). */
  hasMeaning?: boolean;
  /** Name of saved files, without the title. */
  source: string;
}

/** Pixels of a chart, and of an enlarged one. */
const [SMALL, LARGE] = [160, 460];

export function ChartCard({ names, meaning, hasMeaning = false, source, ...chart }: ChartCardProps) {
  const { title, height = SMALL } = chart;
  const [isLarge, setIsLarge] = useState(false);
  const card = useRef<HTMLDivElement>(null);
  const name = fileName(source, title);
  return (
    <div class="card chart-card" ref={card}>
      <header class="row">
        <h3 class="grow">{title}</h3>
        {!hasMeaning && (
          <Menu label="?" name={`Meaning of ${title}`} class="quiet" staysOpen>
            {() => (
              <>
                <p>{meaning}</p>
                {names && (
                  <p>
                    In the log: <code>{names}</code>
                  </p>
                )}
              </>
            )}
          </Menu>
        )}
        <Menu label="⋯" name={`Actions of the chart ${title}`} class="quiet">
          {() => (
            <>
              <button type="button" onClick={() => setIsLarge(true)}>
                Enlarge
              </button>
              <button
                type="button"
                onClick={() => download(new Blob([csvOf(chart)], { type: 'text/csv' }), `${name}.csv`)}
              >
                Save as CSV
              </button>
              <button
                type="button"
                onClick={() => void pictureOf(card.current!, chart).then((file) => download(file, `${name}.png`))}
              >
                Save as PNG
              </button>
            </>
          )}
        </Menu>
      </header>
      {hasMeaning && <p class="meaning">{meaning}</p>}
      <Chart {...chart} height={height} />
      {isLarge && (
        <Dialog title={title} isWide onClose={() => setIsLarge(false)}>
          <Chart {...chart} height={LARGE} />
          <p class="meaning">{meaning}</p>
        </Dialog>
      )}
    </div>
  );
}

type Table = Pick<ChartProps, 'curves' | 'points' | 'unit'>;

/** A column for each curve. */
export function csvOf({ curves, points, unit = 'iteration' }: Table): string {
  const cell = (text: string): string => (/[",\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const header = [unit, ...curves.map(({ label, note }) => (note ? `${label}, ${note}` : label))];
  const row = ({ step, values }: ChartPoint): string => [step, ...curves.map(({ key }) => values[key] ?? '')].join(',');
  return `${[header.map(cell).join(','), ...points.map(row)].join('\n')}\n`;
}

/** Space around the chart in a picture, and the height of its title and of its legend. */
const [MARGIN, TITLE, LEGEND] = [12, 28, 24];

/** The chart as it is drawn, with its title and its legend. */
async function pictureOf(card: HTMLElement, { title, curves }: ChartProps): Promise<Blob> {
  const plot = card.querySelector('canvas')!;
  const scale = plot.width / plot.clientWidth;
  const [width, height] = [plot.clientWidth + 2 * MARGIN, plot.clientHeight + 2 * MARGIN + TITLE + LEGEND];
  const picture = new OffscreenCanvas(width * scale, height * scale);
  const context = picture.getContext('2d')!;
  const style = getComputedStyle(card);
  context.scale(scale, scale);
  context.fillStyle = style.backgroundColor;
  context.fillRect(0, 0, width, height);
  context.drawImage(plot, MARGIN, MARGIN + TITLE, plot.clientWidth, plot.clientHeight);
  context.fillStyle = style.color;
  context.font = `600 15px ${style.fontFamily}`;
  context.fillText(title, MARGIN, MARGIN + 15);
  context.font = `13px ${style.fontFamily}`;
  let left = MARGIN;
  for (const { label, color } of curves.filter(({ isFaint = false }) => !isFaint)) {
    context.fillStyle = resolvedColor(card, color);
    context.fillRect(left, height - MARGIN - 10, 12, 10);
    context.fillStyle = style.color;
    context.fillText(label, left + 18, height - MARGIN);
    left += 34 + context.measureText(label).width;
  }
  return picture.convertToBlob();
}

/** The color of a custom property, as pixels have it. */
function resolvedColor(element: HTMLElement, property: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${property})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
