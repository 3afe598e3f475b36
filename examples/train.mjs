import { InputError } from 'agenet';
import { trainingEvents } from 'agenet/node';

const settings = { data: 'mnist', steps: 1000 };
try {
  for await (const event of trainingEvents(settings, { out: 'runs/library' })) {
    if (event.type === 'iteration') console.log(event.report.step, event.report.scalars['encoder.match_x']);
    if (event.type === 'end') console.log(`trained ${event.summary.run}`);
  }
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  console.error(error.message); // one line
  process.exitCode = 2;
}
