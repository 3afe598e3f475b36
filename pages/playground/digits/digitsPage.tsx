/** Training on digits in the page. */
import { useEffect, useState } from 'preact/hooks';
import { Chart, type Curve } from '../../components/chart.js';
import { Choice, TrainingButtons } from '../../components/controls.js';
import { ImageCanvas } from '../../components/images.js';
import { messageOf } from '../../../src/errors.js';
import type { WebDevice } from '../../../src/engine/runtime/web.js';
import type { PageProps } from '../page.js';
import { DIGIT_SIZE, TRAINING_DIGITS } from './data.js';
import { RECONSTRUCTIONS, SAMPLES } from './session.js';
import { useDigits } from './useDigits.js';

const SHAPE = [1, DIGIT_SIZE, DIGIT_SIZE] as const;
const WIDTHS = [4, 8, 16] as const;

const MATCHES: readonly Curve[] = [
  { key: 'encoder.match_x', label: 'match_x', color: '--curve-1' },
  { key: 'encoder.KL_real_gap', label: 'KL_real gap', color: '--curve-2' },
  { key: 'encoder.KL_fake_gap', label: 'KL_fake gap', color: '--curve-3' },
];
const VARIANCES: readonly Curve[] = [
  { key: 'encoder.code_variance_real', label: 'codes of digits', color: '--curve-1' },
  { key: 'encoder.code_variance_fake', label: 'codes of samples', color: '--curve-3' },
];

const DEVICE_NAMES: Readonly<Record<WebDevice, string>> = { wasm: 'processor (WebAssembly)', webgpu: 'GPU (WebGPU)' };
/** Browsers without WebGPU have no choice. */
const DEVICES: readonly WebDevice[] = 'gpu' in navigator ? ['wasm', 'webgpu'] : ['wasm'];

export function DigitsPage({ onExplore }: PageProps) {
  const [failure, setFailure] = useState('');
  const { state, preview, points, rate, device, width, actions } = useDigits();
  useEffect(() => {
    const onDrop = (event: DragEvent): void => {
      const [file] = Array.from(event.dataTransfer?.files ?? []);
      if (file) actions.open(file);
    };
    document.addEventListener('drop', onDrop);
    return () => document.removeEventListener('drop', onDrop);
  }, []);
  const { isRunning, isBusy } = state;
  const [message, failed] = failure ? [failure, true] : [state.message, state.failed];
  const step = points.at(-1)?.step ?? preview?.step ?? 0;
  const explore = async (): Promise<void> => {
    setFailure('');
    try {
      const source = { configuration: actions.configuration(), weights: await actions.weights() };
      onExplore({ name: `Digits after ${step} iterations`, source });
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  return (
    <div class="digits">
      <p>
        {TRAINING_DIGITS.toLocaleString('en')} digits of MNIST, the default recipe, in this browser. Samples become
        recognizable after a few hundred iterations; the first second is spent on compiling.
      </p>
      <TrainingButtons
        isRunning={isRunning}
        disabled={isBusy || !preview}
        onRun={actions.run}
        onStep={actions.step}
        onReset={() => actions.reset(width)}
      >
        <p class="counter">
          iteration <span id="iteration">{step}</span>, <span id="rate">{isRunning ? rate.toFixed(1) : 0}</span> per
          second
        </p>
      </TrainingButtons>
      <div class="buttons" role="group" aria-label="Checkpoint">
        <button id="save" type="button" disabled={isBusy || !preview} onClick={actions.save}>
          Save in this browser
        </button>
        <button id="download" type="button" disabled={isBusy || !preview} onClick={actions.download}>
          Download checkpoint
        </button>
        <button id="explore" type="button" disabled={!preview} onClick={() => void explore()}>
          Explore
        </button>
        <label>
          Continue a checkpoint (or drop it):{' '}
          <input
            id="checkpoint"
            type="file"
            accept=".safetensors"
            onChange={({ currentTarget }) => {
              const [file] = Array.from(currentTarget.files ?? []);
              if (file) actions.open(file);
              currentTarget.value = '';
            }}
          />
        </label>
        {preview && DEVICES.length > 1 && (
          <Choice
            label="device"
            value={device}
            choices={DEVICES}
            nameOf={(name) => DEVICE_NAMES[name]}
            onChoose={(chosen) => actions.moveTo(chosen)}
          />
        )}
        <Choice
          label="width"
          value={width}
          choices={WIDTHS.includes(width as never) ? WIDTHS : [...WIDTHS, width]}
          onChoose={(chosen) => actions.reset(chosen)}
        />
      </div>
      <p id="status" role="status" class={failed ? 'failed' : ''}>
        {message}
      </p>
      <div class="columns">
        <section aria-labelledby="samples-heading">
          <h2 id="samples-heading">Samples</h2>
          <p>Images of the same {SAMPLES} codes each time.</p>
          <div id="samples" class="images">
            {Array.from({ length: SAMPLES }, (_, index) => (
              <ImageCanvas
                key={index}
                image={preview?.samples[index]}
                shape={SHAPE}
                role="img"
                label={`Sample ${index + 1}`}
              />
            ))}
          </div>
        </section>
        <section aria-labelledby="pairs-heading">
          <h2 id="pairs-heading">Reconstructions</h2>
          <p>Digits that are not trained on, each with its reconstruction on the right.</p>
          <div id="pairs" class="images">
            {Array.from({ length: RECONSTRUCTIONS }, (_, index) =>
              [0, 1].map((side) => (
                <ImageCanvas
                  key={`${index}-${side}`}
                  image={preview?.pairs[index]?.[side as 0 | 1]}
                  shape={SHAPE}
                  role="img"
                  label={side === 0 ? `Digit ${index + 1}` : `Reconstruction ${index + 1}`}
                />
              )),
            )}
          </div>
        </section>
        <section aria-labelledby="curves-heading">
          <h2 id="curves-heading">Curves</h2>
          <Chart
            title="Reconstruction, and divergences above their least value"
            curves={MATCHES}
            points={points}
            isLog
          />
          <Chart title="Variance of codes (1: as the prior)" curves={VARIANCES} points={points} />
        </section>
      </div>
    </div>
  );
}
