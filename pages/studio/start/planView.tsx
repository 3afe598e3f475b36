/** What a training would do: its networks, data, length and time. */
import type { Plan } from '../../../src/studio/schemas.js';
import { formatDuration, formatNumber } from '../format.js';

export function PlanView({ plan }: { plan: Plan }) {
  const { steps, batches_per_epoch: batches, seconds_per_iteration: seconds, images, parameters } = plan;
  const rows = [
    ['Images', `${formatNumber(images.train)} for training, ${formatNumber(images.test)} for testing`],
    ['Length', `${formatNumber(steps)} iterations, ${formatNumber(batches)} per epoch`],
    ['Time', `${seconds.toFixed(3)} s per iteration, about ${formatDuration(steps * seconds)} in all`],
    ...Object.entries(parameters).map(([network, count]) => [network, `${formatNumber(count)} parameters`]),
  ];
  return (
    <table id="plan-summary">
      <caption>Plan</caption>
      <tbody>
        {rows.map(([name, text]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{text}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
