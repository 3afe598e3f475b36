/** The steps of the guided tour. Each asks for a prediction before it trains. */
import { DEFAULT_SETTINGS, type PlaneSettings } from '../plane/settings.js';
import { PRESETS } from '../plane/presets.js';
import type { Which } from '../plane/protocol.js';
import type { PushTerm } from '../plane/terms.js';
import type { ViewName } from '../plane/views.js';

/** Which networks learn, and for how many iterations. */
export type Phase = readonly [which: Which, count: number];

export interface TourStep {
  title: string;
  text: string;
  question: string;
  /** The first is right. The page shows them in another order. */
  options: readonly [right: string, ...others: string[]];
  answer: string;
  settings: PlaneSettings;
  /** The view that the question is about. */
  view: ViewName;
  /** Before the question. */
  before?: Phase;
  /** After the prediction (default: nothing trains). */
  after?: Phase;
  /** Arrows that appear with the answer. */
  arrows?: readonly PushTerm[];
}

const preset = (name: string): Partial<PlaneSettings> => PRESETS.find((each) => each.name === name)!.settings;
const settingsOf = (changes: Partial<PlaneSettings>): PlaneSettings => ({ ...DEFAULT_SETTINGS, ...changes });
const RING = settingsOf({ data: 'ring' });
const WATCHED = settingsOf({ data: 'ring', speed: '30' });

export const STEPS: readonly TourStep[] = [
  {
    title: 'A circle becomes data',
    text: 'The gray points are data x. The small colored curve is all that the untrained generator makes of the circle: each point z of the circle becomes a sample g(z) of its color.',
    question: 'Where will the curve be after training?',
    options: ['It follows the ring of data', 'It stays small, inside the ring', 'It fills the whole plane'],
    answer:
      'It follows the ring. No network ever compared samples with data: the encoder and the generator only compete over codes, and the next steps show how.',
    settings: RING,
    view: 'generator',
    after: ['both', 300],
  },
  {
    title: 'The encoder goes back',
    text: 'The encoder gives every point of the plane a code on the circle, and the Encoder view shows these codes as colors. The curve of the Generator view has the colors of the codes that it was made from.',
    question: 'After training, which color will the plane have below a red point of the curve?',
    options: ['Red', 'The opposite color', 'Any color'],
    answer:
      'Red: the encoder is the inverse of the generator. match_z asks for this: the code e(g(z)) of a sample should be the z that it came from.',
    settings: RING,
    view: 'encoder',
    after: ['both', 300],
  },
  {
    title: 'Only the encoder learns',
    text: 'The Codes view counts codes: of data outside the circle, of samples inside. The encoder wants codes of data to be uniform (lower KL_real), and codes of samples to be anything but uniform (higher KL_fake).',
    question: 'The generator stays as it is. What will the codes of samples do?',
    options: ['They stay in one bunch', 'They spread around the circle', 'They follow the codes of data'],
    answer:
      'They stay in one bunch while codes of data spread. The encoder has found the difference between data and samples, as a discriminator would.',
    settings: WATCHED,
    view: 'codes',
    after: ['encoder', 120],
  },
  {
    title: 'The generator answers',
    text: 'The encoder has had 120 updates alone: codes of data are spread, codes of samples are not. Now only the generator learns. It wants codes of samples to be uniform (lower KL_fake).',
    question: 'What will the curve do?',
    options: ['It grows towards the data', 'It shrinks to a point', 'It moves out of the plane'],
    answer:
      'It grows towards the data. The encoder gives different codes only to points that differ as data do, so the generator has to make such points.',
    settings: WATCHED,
    view: 'generator',
    before: ['encoder', 120],
    after: ['generator', 120],
  },
  {
    title: 'A tug of war',
    text: 'Both networks have learned for 150 iterations. KL_fake is in both losses. Arrows in the Codes view will show which way each network pushes the codes of samples: solid for the encoder, dashed for the generator.',
    question: 'How will the arrows of the two networks compare?',
    options: ['They point in opposite directions', 'They point in the same direction', 'Only one network has arrows'],
    answer:
      'They are opposite: the encoder maximizes what the generator minimizes. In the Generator view, its arrows continue through the encoder to the samples.',
    settings: settingsOf({ data: 'moons' }),
    view: 'codes',
    before: ['both', 150],
    arrows: ['KL_fake'],
  },
  {
    title: 'Without reconstruction',
    text: 'Now match_x and match_z have weight 0. Only the competition remains, and nothing relates a point to its own code.',
    question: 'Where will reconstructions g(e(x)) be, the white points of the Encoder view?',
    options: ['Far from their data', 'On their data', 'There will be none'],
    answer:
      'Far from their data. Codes gather, and the generator has no reason to undo the encoder. The two match terms are what makes the networks inverse.',
    settings: settingsOf(preset('No match terms')),
    view: 'encoder',
    after: ['both', 400],
  },
  {
    title: 'Crossing a gap',
    text: 'The data are two moons with a gap between them. A circle has no gap, and the generator is continuous: it cannot tear the curve.',
    question: 'What will the generator do?',
    options: [
      'It crosses the gap with few samples',
      'It covers one moon only',
      'It spreads samples evenly over the gap',
    ],
    answer:
      'It crosses the gap quickly: fewer than one sample in ten lies there. Codes of data leave a part of the circle to it.',
    settings: settingsOf(preset('Balanced')),
    view: 'generator',
    after: ['both', 1000],
  },
  {
    title: 'What a code means',
    text: 'The data are two rings, and both networks are told which ring a point is on. Each ring gets a curve of its own.',
    question: 'What will the code of a point, its color, say?',
    options: ['Where on its ring it is', 'Which ring it is on', 'How far it is from the center'],
    answer:
      'Where on its ring it is: both rings show all colors. The class is known already, so the code is free for the rest. That is how a model can draw the same digit in another style.',
    settings: settingsOf(preset('Classes')),
    view: 'encoder',
    after: ['both', 600],
  },
];

/** The index of the step in an address such as `#/tour/3`; the first if there is no such step. */
export function stepIn(path: string): number {
  const number = Number(path);
  return Number.isInteger(number) && number >= 1 && number <= STEPS.length ? number - 1 : 0;
}

export const addressOfStep = (index: number): string => `#/tour/${index + 1}`;

/** The options of a step, in an order that differs between steps. */
export const optionsOf = ({ options }: TourStep, index: number): string[] =>
  options.map((_, place) => options[(place + 2 * index + 1) % options.length]!);
