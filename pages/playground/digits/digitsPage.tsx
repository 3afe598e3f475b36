/** Training on digits in the page. */
import type { PageProps } from '../page.js';
import type { TrainingKind } from '../training/imageTraining.js';
import { type PreviewTexts, TrainingPanel } from '../training/trainingPanel.js';
import { configurationOf } from './configuration.js';
import { DIGIT_SHAPE, loadDigits, TRAINING_DIGITS } from './data.js';

const SEED = 1;

/** Variants are widths of the networks. */
const DIGITS: TrainingKind = {
  stored: 'digits',
  name: 'these digits',
  load: loadDigits,
  variants: ['8', '4', '16'],
  start: (width) => Promise.resolve({ configuration: configurationOf(Number(width), SEED) }),
  variantOf: ({ width }) => String(width),
};

const TEXTS: PreviewTexts = {
  model: 'Digits',
  image: 'Digit',
  pairs: 'Test digits, each with its reconstruction on the right.',
};

export const DigitsPage = ({ onExplore }: PageProps) => (
  <div class="digits page">
    <TrainingPanel
      title="Train on digits"
      kind={DIGITS}
      variantLabel="Width"
      shape={DIGIT_SHAPE}
      texts={TEXTS}
      onExplore={onExplore}
    >
      <p class="hint">
        {TRAINING_DIGITS.toLocaleString('en')} digits of MNIST. Samples become recognizable after a few hundred
        iterations.
      </p>
    </TrainingPanel>
  </div>
);
