/** The plan of a run: networks, data, length and time. */
import { useEffect, useRef } from 'preact/hooks';
import type { Plan } from '../../../src/studio/schemas.js';
import { formatDuration, formatNumber } from '../format.js';

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

const memoryText = ({ estimated_bytes: estimated, available_bytes: available }: NonNullable<Plan['memory']>): string =>
  `about ${gigabytes(estimated)}${available === null ? '' : ` of ${gigabytes(available)} that are available`}`;

/** @param props.plan undefined until it is computed */
export function PlanView({ plan }: { plan: Plan | undefined }) {
  const section = useRef<HTMLElement>(null);
  // It may be outside the window.
  useEffect(() => {
    if (plan) section.current!.scrollIntoView({ block: 'nearest' });
  }, [plan]);
  return (
    <section id="plan-summary" class="card" ref={section} aria-labelledby="plan-heading" aria-busy={!plan}>
      <h2 id="plan-heading">Plan</h2>
      {plan ? <PlanFacts plan={plan} /> : <p class="meaning">Two iterations are timed…</p>}
    </section>
  );
}

function PlanFacts({ plan }: { plan: Plan }) {
  const { steps, batches_per_epoch: batches, seconds_per_iteration: seconds, images, parameters, flops, notes } = plan;
  const { memory } = plan;
  const rows = [
    ['Images', `${formatNumber(images.train)} for training, ${formatNumber(images.test)} for testing`],
    ['Length', `${formatNumber(steps)} iterations, ${formatNumber(batches)} per epoch`],
    ['Time', `${seconds.toFixed(3)} s per iteration, about ${formatDuration(steps * seconds)} in all`],
    ...(memory ? [['Memory', memoryText(memory)]] : []),
    ...Object.entries(parameters).map(([network, count]) => [
      network,
      `${formatNumber(count)} parameters, ${formatNumber(Math.round(flops[network]!.total / 1000))} kFLOPs per image`,
    ]),
  ];
  return (
    <>
      <table>
        <tbody>
          {rows.map(([name, text]) => (
            <tr key={name}>
              <th scope="row" class="capital">
                {name}
              </th>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {notes.map((note) => (
        <p key={note} class="meaning">
          {note}
        </p>
      ))}
      <details>
        <summary>Layers</summary>
        <table>
          <tbody>
            {Object.entries(flops).flatMap(([network, { layers }]) =>
              Object.entries(layers).map(([layer, count]) => (
                <tr key={`${network} ${layer}`}>
                  <th scope="row">
                    {network}.{layer}
                  </th>
                  <td class="number">{formatNumber(Math.round(count / 1000))} kFLOPs</td>
                </tr>
              )),
            )}
          </tbody>
        </table>
      </details>
    </>
  );
}
