/** A guided tour: each step asks for a prediction, trains, and shows the answer. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { PageProps } from '../page.js';
import { toQuery } from '../plane/settings.js';
import { Stage } from '../plane/stage.js';
import { type Plane, usePlane } from '../plane/usePlane.js';
import { addressOfStep, optionsOf, type Phase, stepIn, STEPS, type TourStep } from './steps.js';

/** Where a step is: it trains, waits for a prediction, trains again, and is answered. */
type Part = 'before' | 'question' | 'after' | 'answer';

export function TourPage({ path }: PageProps) {
  const index = stepIn(path);
  const step = STEPS[index]!;
  const [part, setPart] = useState<Part>('before');
  const settings = part === 'answer' && step.arrows ? { ...step.settings, arrows: step.arrows } : step.settings;
  const plane = usePlane([settings]);
  useParts(plane, step, part, setPart);
  return (
    <div class="tour workbench page">
      <StepCard
        index={index}
        isKnown={path === '' || path === String(index + 1)}
        step={step}
        part={part}
        plane={plane}
        onPredict={() => setPart('after')}
      />
      <Stage plane={plane} settings={settings} asked={step.view} />
    </div>
  );
}

/** Trains what a part asks for, and continues with the next part. */
function useParts({ isReady, running, frame, run }: Plane, step: TourStep, part: Part, onPart: (part: Part) => void) {
  const started = useRef<Part>(undefined);
  useEffect(() => {
    if (!isReady || (part !== 'before' && part !== 'after')) return;
    const next = part === 'before' ? 'question' : 'answer';
    const phase: Phase | undefined = step[part];
    if (!phase) return onPart(next);
    if (started.current !== part) {
      started.current = part;
      return run(...phase);
    }
    if (running === undefined && frame && frame.updates[phase[0] === 'generator' ? 'generator' : 'encoder'] > 0)
      onPart(next);
  }, [isReady, part, running]);
}

/** The right option is marked, and the chosen one if it is wrong. */
const verdictOf = (option: string, prediction: string, { options: [right] }: TourStep) =>
  option === right ? 'right' : option === prediction ? 'wrong' : undefined;

interface StepCardProps {
  index: number;
  /** Whether the address names it. */
  isKnown: boolean;
  step: TourStep;
  part: Part;
  plane: Plane;
  onPredict: () => void;
}

function StepCard({ index, isKnown, step, part, plane: { isReady, failure }, onPredict }: StepCardProps) {
  const [prediction, setPrediction] = useState('');
  const heading = useRef<HTMLHeadingElement>(null);
  // A visitor who follows a link to the next step continues there.
  useLayoutEffect(() => {
    if (document.activeElement === document.body || document.activeElement?.closest('.tour'))
      heading.current!.focus({ preventScroll: true });
  }, []);
  const answer = useRef<HTMLDivElement>(null);
  // On a phone it may be below the window.
  useEffect(() => {
    if (part === 'answer') answer.current!.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  }, [part]);
  const predict = (option: string): void => {
    setPrediction(option);
    onPredict();
  };
  return (
    <section class="side-panel card" aria-labelledby="step-heading">
      <Progress index={index} />
      <p class="meaning">
        {isKnown ? '' : 'There is no such step. '}Step {index + 1} of {STEPS.length}
      </p>
      <h1 id="step-heading" tabIndex={-1} ref={heading}>
        {step.title}
      </h1>
      <p>{step.text}</p>
      <fieldset class="prediction" disabled={part !== 'question'}>
        <legend>{step.question}</legend>
        {optionsOf(step, index).map((option) => {
          const verdict = part === 'answer' ? verdictOf(option, prediction, step) : undefined;
          return (
            <button
              key={option}
              type="button"
              class={verdict}
              aria-pressed={option === prediction}
              onClick={() => predict(option)}
            >
              {option} {verdict && <strong>{verdict === 'right' ? '✓ right' : '✗ wrong'}</strong>}
            </button>
          );
        })}
      </fieldset>
      <div id="answer" role="status" ref={answer}>
        {failure && <p class="failed">{failure}</p>}
        {!isReady && !failure && <p class="hint">Compiling the networks…</p>}
        {part === 'question' && <p class="hint">Choose an answer, and see what happens.</p>}
        {part === 'after' && !failure && <p>Training. Watch the views.</p>}
        {part === 'answer' && (
          <p>
            <strong>{prediction === step.options[0] ? 'As you predicted.' : 'Not as you predicted.'}</strong>{' '}
            {step.answer}
          </p>
        )}
      </div>
      <StepLinks index={index} step={step} isAnswered={part === 'answer'} />
    </section>
  );
}

/** A dot for each step. */
const Progress = ({ index }: { index: number }) => (
  <nav class="progress" aria-label="All steps">
    {STEPS.map(({ title }, each) => (
      <a
        key={title}
        href={addressOfStep(each)}
        title={title}
        aria-label={`Step ${each + 1}: ${title}`}
        aria-current={each === index ? 'step' : undefined}
        class={each < index ? 'done' : ''}
      />
    ))}
  </nav>
);

function StepLinks({ index, step, isAnswered }: { index: number; step: TourStep; isAnswered: boolean }) {
  const isLast = index === STEPS.length - 1;
  const next = isLast ? `#/plane?${toQuery(step.settings)}` : addressOfStep(index + 1);
  return (
    <nav class="steps toolbar" aria-label="Steps">
      {index > 0 && (
        <a class="button" href={addressOfStep(index - 1)}>
          Back
        </a>
      )}
      <a class={`button next ${isAnswered ? 'primary' : ''}`} href={next}>
        {isLast ? 'Explore on your own' : 'Next'}
      </a>
      {!isLast && (
        <a class="aside" href={`#/plane?${toQuery(step.settings)}`}>
          Open these settings
        </a>
      )}
    </nav>
  );
}
