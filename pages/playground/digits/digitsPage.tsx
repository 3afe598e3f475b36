/** Training on digits in the page. */
import { useLayoutEffect, useState } from 'preact/hooks';
import { Chart, type ChartPoint, type Curve } from '../../components/chart.js';
import { Choice, TrainingButtons } from '../../components/controls.js';
import { ImageCanvas } from '../../components/images.js';
import type { WebDevice } from '../../../src/engine/runtime/web.js';
import type { PageProps } from '../page.js';
import { DIGIT_SIZE, TRAINING_DIGITS } from './data.js';
import { type DigitsState, DigitsTraining, INITIAL_STATE } from './digitsTraining.js';
import { type Preview, RECONSTRUCTIONS, SAMPLES } from './session.js';

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

const DEVICE_NAMES: Record<WebDevice, string> = { wasm: 'CPU (WebAssembly)', webgpu: 'GPU (WebGPU)' };
/** Browsers without WebGPU have no choice. */
const DEVICES: readonly WebDevice[] = 'gpu' in navigator ? ['wasm', 'webgpu'] : ['wasm'];

export function DigitsPage({ onExplore }: PageProps) {
  const [state, setState] = useState(INITIAL_STATE);
  const [training] = useState(() => new DigitsTraining(setState));
  const { isRunning, isBusy, preview, points, rate, width } = state;
  useLayoutEffect(() => {
    training.open();
    const onDrop = (event: DragEvent): void => training.continueFile(event.dataTransfer?.files[0]);
    document.addEventListener('drop', onDrop);
    return () => {
      document.removeEventListener('drop', onDrop);
      training.leave();
    };
  }, []);
  const step = points.at(-1)?.step ?? preview?.step ?? 0;
  return (
    <div class="digits">
      <p>
        {TRAINING_DIGITS.toLocaleString('en')} digits of MNIST, the default recipe, in this browser. Samples become
        recognizable after a few hundred iterations. Compiling takes the first second.
      </p>
      <TrainingButtons
        isRunning={isRunning}
        disabled={isBusy || !preview}
        onRun={(shouldRun) => (shouldRun ? training.run() : training.pause())}
        onStep={() => training.step()}
        onReset={() => training.reset(width)}
      >
        <p class="counter">
          iteration <span id="iteration">{step}</span>, <span id="rate">{isRunning ? rate.toFixed(1) : 0}</span> per
          second
        </p>
      </TrainingButtons>
      <CheckpointButtons
        state={state}
        training={training}
        onExplore={() => training.explore((source) => onExplore({ name: `Digits after ${step} iterations`, source }))}
      />
      <p id="status" role="status" class={state.hasFailed ? 'failed' : ''}>
        {state.message}
      </p>
      <div class="columns">
        <Previews preview={preview} />
        <Curves points={points} />
      </div>
    </div>
  );
}

interface CheckpointButtonsProps {
  state: DigitsState;
  training: DigitsTraining;
  onExplore: () => void;
}

function CheckpointButtons({ state: { isBusy, preview, device, width }, training, onExplore }: CheckpointButtonsProps) {
  const disabled = isBusy || !preview;
  return (
    <div class="buttons" role="group" aria-label="Checkpoint">
      <button id="save" type="button" disabled={disabled} onClick={() => training.save()}>
        Save in this browser
      </button>
      <button id="download" type="button" disabled={disabled} onClick={() => training.download()}>
        Download checkpoint
      </button>
      <button id="explore" type="button" disabled={!preview} onClick={onExplore}>
        Explore
      </button>
      <label>
        Continue a checkpoint (or drop it):{' '}
        <input
          id="checkpoint"
          type="file"
          accept=".safetensors"
          onChange={({ currentTarget }) => {
            training.continueFile(currentTarget.files?.[0]);
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
          onChoose={(chosen) => training.moveTo(chosen)}
        />
      )}
      <Choice
        label="width"
        value={width}
        choices={WIDTHS.includes(width as never) ? WIDTHS : [...WIDTHS, width]}
        onChoose={(chosen) => training.reset(chosen)}
      />
    </div>
  );
}

function Previews({ preview }: { preview: Preview | undefined }) {
  const images = (
    count: number,
    imageAt: (index: number) => Float32Array | undefined,
    nameOf: (index: number) => string,
  ) =>
    Array.from({ length: count }, (_, index) => (
      <ImageCanvas key={index} image={imageAt(index)} shape={SHAPE} role="img" label={nameOf(index)} />
    ));
  const pairName = (index: number): string =>
    `${index % 2 === 0 ? 'Digit' : 'Reconstruction'} ${Math.floor(index / 2) + 1}`;
  return (
    <>
      <section aria-labelledby="samples-heading">
        <h2 id="samples-heading">Samples</h2>
        <p>Images of the same {SAMPLES} codes each time.</p>
        <div id="samples" class="images">
          {images(
            SAMPLES,
            (index) => preview?.samples[index],
            (index) => `Sample ${index + 1}`,
          )}
        </div>
      </section>
      <section aria-labelledby="pairs-heading">
        <h2 id="pairs-heading">Reconstructions</h2>
        <p>Test digits, each with its reconstruction on the right.</p>
        <div id="pairs" class="images">
          {images(2 * RECONSTRUCTIONS, (index) => preview?.pairs[index], pairName)}
        </div>
      </section>
    </>
  );
}

const Curves = ({ points }: { points: readonly ChartPoint[] }) => (
  <section aria-labelledby="curves-heading">
    <h2 id="curves-heading">Curves</h2>
    <Chart title="Reconstruction, and divergences above their lower bound" curves={MATCHES} points={points} isLog />
    <Chart title="Variance of codes (1: as the prior)" curves={VARIANCES} points={points} />
  </section>
);
