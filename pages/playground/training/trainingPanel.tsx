/** Training on images in the page: buttons, previews and curves. */
import { useLayoutEffect, useMemo, useState } from 'preact/hooks';
import { Chart, type ChartPoint, type Curve } from '../../components/chart.js';
import { Choice, TrainingButtons } from '../../components/controls.js';
import { ImageCanvas, type ImageShape } from '../../components/images.js';
import type { WebDevice } from '../../../src/engine/runtime/web.js';
import type { PageProps } from '../page.js';
import { Counter } from './counter.js';
import { ImageTraining, type ImageTrainingState, initialStateOf, type TrainingKind } from './imageTraining.js';
import { RECONSTRUCTIONS, SAMPLES } from './session.js';

/** What the page says about its images. */
export interface PreviewTexts {
  /** Names the model in Explore, such as "Digits". */
  model: string;
  /** Names an image, such as "Digit". */
  image: string;
  pairs: string;
  variances: readonly Curve[];
}

/** The curves of the variance of codes of images and samples. */
export const variancesOf = (images: string): readonly Curve[] => [
  { key: 'encoder.code_variance_real', label: `codes of ${images}`, color: '--curve-1' },
  { key: 'encoder.code_variance_fake', label: 'codes of samples', color: '--curve-3' },
];

const MATCHES: readonly Curve[] = [
  { key: 'encoder.match_x', label: 'match_x', color: '--curve-1' },
  { key: 'encoder.KL_real_gap', label: 'KL_real gap', color: '--curve-2' },
  { key: 'encoder.KL_fake_gap', label: 'KL_fake gap', color: '--curve-3' },
];
const DEVICE_NAMES: Record<WebDevice, string> = { wasm: 'CPU', webgpu: 'GPU' };
/** Browsers without WebGPU have no choice. */
const DEVICES: readonly WebDevice[] = 'gpu' in navigator ? ['wasm', 'webgpu'] : ['wasm'];

/** Other dropped files are no checkpoints. */
export const CHECKPOINT = /\.safetensors$/iu;

interface TrainingPanelProps {
  kind: TrainingKind;
  /** Of the choice between variants. */
  variantLabel: string;
  shape: ImageShape;
  texts: PreviewTexts;
  onExplore: PageProps['onExplore'];
}

export function TrainingPanel({ kind, variantLabel, shape, texts, onExplore }: TrainingPanelProps) {
  const [state, setState] = useState(() => initialStateOf(kind));
  const [training] = useState(() => new ImageTraining(kind, setState));
  const { isRunning, isBusy, preview, points, rate, variant } = state;
  useLayoutEffect(() => {
    training.open();
    const onDrop = (event: DragEvent): void =>
      training.continueFile(Array.from(event.dataTransfer?.files ?? []).find(({ name }) => CHECKPOINT.test(name)));
    document.addEventListener('drop', onDrop);
    return () => {
      document.removeEventListener('drop', onDrop);
      training.leave();
    };
  }, []);
  const step = points.at(-1)?.step ?? preview?.step ?? 0;
  return (
    <>
      <div class="bar toolbar">
        <TrainingButtons
          isRunning={isRunning}
          disabled={isBusy || !preview}
          onRun={(shouldRun) => (shouldRun ? training.run() : training.pause())}
          onStep={() => training.step()}
          onReset={() => training.reset(variant)}
        >
          <Counter iteration={step} rate={isRunning ? rate.toFixed(1) : '0'} />
        </TrainingButtons>
        <Variants state={state} training={training} kind={kind} variantLabel={variantLabel} />
        <CheckpointButtons
          state={state}
          training={training}
          kind={kind}
          onExplore={() =>
            training.explore((source) => onExplore({ name: `${texts.model} after ${step} iterations`, source }))
          }
        />
        <p id="status" role="status" class={state.hasFailed ? 'failed' : ''}>
          {state.message}
        </p>
      </div>
      <div class="columns">
        <Previews state={state} step={step} shape={shape} texts={texts} />
        <Curves points={points} texts={texts} />
      </div>
    </>
  );
}

interface TrainingProps {
  state: ImageTrainingState;
  training: ImageTraining;
  kind: TrainingKind;
}

/** How training begins, and the device. */
function Variants({ state, training, kind, variantLabel }: TrainingProps & { variantLabel: string }) {
  const { preview, device, variant } = state;
  const { variants } = kind;
  return (
    <div class="buttons">
      <Choice
        label={variantLabel}
        value={variant}
        choices={variants.includes(variant) ? variants : [...variants, variant]}
        onChoose={(chosen) => training.reset(chosen)}
      />
      {preview && DEVICES.length > 1 && (
        <Choice
          label="on"
          value={device}
          choices={DEVICES}
          nameOf={(name) => DEVICE_NAMES[name]}
          onChoose={(chosen) => training.moveTo(chosen)}
        />
      )}
    </div>
  );
}

function CheckpointButtons({ state, training, kind, onExplore }: TrainingProps & { onExplore: () => void }) {
  const { isBusy, preview } = state;
  const disabled = isBusy || !preview;
  return (
    <div class="share toolbar" role="group" aria-label="Checkpoint">
      {kind.stored && (
        <button id="save" type="button" disabled={disabled} onClick={() => training.save()}>
          Save in this browser
        </button>
      )}
      <button id="download" type="button" disabled={disabled} onClick={() => training.download()}>
        Save checkpoint
      </button>
      <label class="button" title="A .safetensors file; you can also drop it">
        Open checkpoint
        <input
          id="checkpoint"
          class="hidden"
          type="file"
          accept=".safetensors"
          onChange={({ currentTarget }) => {
            training.continueFile(currentTarget.files?.[0]);
            currentTarget.value = '';
          }}
        />
      </label>
      <button id="explore" type="button" disabled={!preview} onClick={onExplore}>
        Explore
      </button>
    </div>
  );
}

interface PreviewsProps {
  state: ImageTrainingState;
  step: number;
  shape: ImageShape;
  texts: PreviewTexts;
}

/** Samples, or training images as long as there are none that are worth looking at; and test images with reconstructions. */
function Previews({ state: { preview, images, isNew }, step, shape, texts }: PreviewsProps) {
  const data = useMemo(() => images && firstImages(images.training, SAMPLES, shape), [images]);
  const originals = useMemo(() => images && firstImages(images.test, RECONSTRUCTIONS, shape), [images]);
  const trained = preview && !(isNew && step === 0) ? preview : undefined;
  const samples = trained?.samples ?? data;
  const classes = trained?.classes ?? [];
  const tile = (image: Float32Array | undefined, name: string) => (
    <ImageCanvas key={name} image={image} shape={shape} role="img" label={name} />
  );
  return (
    <>
      <section class="card" aria-labelledby="samples-heading">
        <h2 id="samples-heading">{trained ? 'Samples' : 'Training images'}</h2>
        <p>
          {trained
            ? classes.length > 0
              ? 'Each class has images of the same codes.'
              : `Images of the same ${SAMPLES} codes each time.`
            : 'New networks draw gray. Press Play, and samples take the place of these images.'}
        </p>
        <div id="samples" class="images">
          {Array.from({ length: samples?.length ?? SAMPLES }, (_, index) => {
            // A whole number at the first sample of a class.
            const name = samples && classes[(classes.length * index) / samples.length];
            return [
              name === undefined ? null : <h3 key={name}>{name}</h3>,
              tile(samples?.[index], `${trained ? 'Sample' : 'Training image'} ${index + 1}`),
            ];
          })}
        </div>
      </section>
      <section class="card" aria-labelledby="pairs-heading">
        <h2 id="pairs-heading">Reconstructions</h2>
        <p>{texts.pairs}</p>
        <div id="pairs" class="images">
          {Array.from({ length: originals?.length ?? RECONSTRUCTIONS }, (_, index) => [
            tile(originals?.[index], `${texts.image} ${index + 1}`),
            tile(preview?.reconstructions[index], `Reconstruction ${index + 1}`),
          ])}
        </div>
      </section>
    </>
  );
}

/** The first of images [N, C, H, W], in 0..1. */
function firstImages(bytes: Uint8Array, count: number, shape: ImageShape): Float32Array[] {
  const pixels = shape.reduce((product, side) => product * side);
  return Array.from({ length: Math.min(count, bytes.length / pixels) }, (_, index) =>
    Float32Array.from(bytes.subarray(index * pixels, (index + 1) * pixels), (byte) => byte / 255),
  );
}

const Curves = ({ points, texts }: { points: readonly ChartPoint[]; texts: PreviewTexts }) => (
  <section class="card" aria-labelledby="curves-heading">
    <h2 id="curves-heading">Curves</h2>
    <Chart title="Reconstruction, and divergences above their lower bound" curves={MATCHES} points={points} isLog />
    <Chart title="Variance of codes (1: as the prior)" curves={texts.variances} points={points} />
  </section>
);
