import { trainingEvents } from 'agenet/node';

const settings = { data: 'mnist', steps: 1000 };
for await (const event of trainingEvents(settings, { out: 'runs/first' })) {
  if (event.type === 'iteration') console.log(event.report.step, event.report.scalars['encoder.match_x']);
  if (event.type === 'end') console.log(`trained ${event.summary.run}`);
}
