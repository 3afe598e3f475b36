/** Training on images in the page: buttons, previews and curves. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useMemo, useState } from 'preact/hooks';
import type { Curve } from '../../components/chart.js';
import { Choice, TrainingButtons } from '../../components/controls.js';
import { FileButton } from '../../components/fileButton.js';
import { ImageCanvas, type ImageShape } from '../../components/images.js';
import { Menu } from '../../components/menu.js';
import type { WebDevice } from '../../../src/engine/runtime/web.js';
import { LOG_LABELS } from '../../../src/studio/labels.js';
import type { PageProps } from '../page.js';
import { Counter } from './counter.js';
import { type CurveChart, Curves } from './curves.js';
import { ImageTraining, type ImageTrainingState, initialStateOf, type TrainingKind } from './imageTraining.js';
import { RECONSTRUCTIONS, SAMPLES } from './session.js';

/** What the page says about its images. */
export interface PreviewTexts {
  /** Names the model in Explore, such as "Digits". */
  model: string;
  /** Names an image, such as "Digit". */
  image: string;
  pairs: string;
}

const curveOf = (name: keyof typeof LOG_LABELS, color: string): Curve => ({
  key: `encoder.${name}`,
  label: LOG_LABELS[name].label,
  color,
});
const CHARTS: readonly CurveChart[] = [
  {
    title: 'Errors',
    meaning: 'How far images are from their reconstructions, and codes from uniform. Lower is better.',
    curves: [curveOf('match_x', '--curve-3'), curveOf('KL_real_gap', '--curve-1'), curveOf('KL_fake_gap', '--curve-2')],
    isLog: true,
  },
  {
    title: LOG_LABELS.code_variance.label,
    meaning: '1 if codes fill the sphere evenly, 0 if they gather in one place. Near 1 is better.',
    curves: [
      { key: 'encoder.code_variance_real', label: 'Images', color: '--curve-1' },
      { key: 'encoder.code_variance_fake', label: 'Samples', color: '--curve-2' },
    ],
    isLog: false,
  },
];
/** Between the darkest and the brightest pixel, in 0..1. */
const MIN_CONTRAST = 0.5;
const DEVICE_NAMES: Record<WebDevice, string> = { wasm: 'CPU', webgpu: 'GPU' };
/** Browsers without WebGPU have no choice. */
const DEVICES: readonly WebDevice[] = 'gpu' in navigator ? ['wasm', 'webgpu'] : ['wasm'];

/** Other dropped files are no checkpoints. */
export const CHECKPOINT = /\.safetensors$/iu;

interface TrainingPanelProps {
  title: string;
  kind: TrainingKind;
  /** Of the choice between variants. */
  variantLabel: string;
  shape: ImageShape;
  texts: PreviewTexts;
  onExplore: PageProps['onExplore'];
  /** Below the title. */
  children: ComponentChildren;
}

export function TrainingPanel(props: TrainingPanelProps) {
  const { title, kind, variantLabel, shape, texts, onExplore, children } = props;
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
  const name = `${texts.model} after ${step.toLocaleString('en')} iterations`;
  return (
    <>
      <header class="head">
        <h1>{title}</h1>
        <div class="player toolbar">
          <TrainingButtons
            isRunning={isRunning}
            isReady={!isBusy && preview !== undefined}
            canRun={!state.hasFailed || preview !== undefined}
            onRun={(shouldRun) => (shouldRun ? training.run() : training.pause())}
            onStep={() => training.step()}
            onReset={() => training.reset(variant)}
          />
          <Counter iteration={step} rate={isRunning && !isBusy ? rate.toFixed(1) : undefined} />
        </div>
        <div class="actions">
          <Variants state={state} training={training} kind={kind} variantLabel={variantLabel} />
          <CheckpointButtons
            state={state}
            training={training}
            kind={kind}
            onExplore={() => training.explore((source) => onExplore({ name, source }))}
          />
        </div>
      </header>
      <div class="about">
        {children}
        <p id="status" role="status" class={state.hasFailed ? 'failed' : ''}>
          {state.message}
        </p>
      </div>
      <div class="stage">
        <Previews state={state} shape={shape} texts={texts} />
        <Curves charts={CHARTS} points={points} />
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
    <>
      <Choice
        label={variantLabel}
        value={variant}
        choices={variants.includes(variant) ? variants : [...variants, variant]}
        onChoose={(chosen) => training.reset(chosen)}
      />
      {DEVICES.length > 1 && (
        <Choice
          label="Device"
          disabled={!preview}
          value={device}
          choices={DEVICES}
          nameOf={(name) => DEVICE_NAMES[name]}
          onChoose={(chosen) => training.moveTo(chosen)}
        />
      )}
    </>
  );
}

function CheckpointButtons({ state, training, kind, onExplore }: TrainingProps & { onExplore: () => void }) {
  const { isBusy, preview } = state;
  const disabled = isBusy || !preview;
  return (
    <div class="buttons" role="group" aria-label="Checkpoint">
      <Menu label="Save">
        {() => (
          <>
            {kind.stored && (
              <button id="save" type="button" disabled={disabled} onClick={() => training.save()}>
                In this browser
              </button>
            )}
            <button id="download" type="button" disabled={disabled} onClick={() => training.download()}>
              As a file
            </button>
          </>
        )}
      </Menu>
      <FileButton
        id="checkpoint"
        accept=".safetensors"
        title="A checkpoint (.safetensors); you can also drop it"
        onFiles={([file]) => training.continueFile(file)}
      >
        Open
      </FileButton>
      <button id="explore" type="button" disabled={!preview} onClick={onExplore}>
        Explore
      </button>
    </div>
  );
}

interface PreviewsProps {
  state: ImageTrainingState;
  shape: ImageShape;
  texts: PreviewTexts;
}

/** Samples, or training images as long as nothing is trained; and test images with reconstructions. */
function Previews({ state: { preview, images, isNew }, shape, texts }: PreviewsProps) {
  const training = useMemo(() => images && firstImages(images.training, SAMPLES, shape), [images]);
  const test = useMemo(() => images && firstImages(images.test, 2 * RECONSTRUCTIONS, shape), [images]);
  const trained = isNew && preview?.step === 0 ? undefined : preview;
  return (
    <div class="sides">
      <section class="card" aria-labelledby="samples-heading">
        {trained ? (
          <Samples images={trained.samples} classes={trained.classes ?? []} shape={shape} />
        ) : (
          <TrainingImages images={training} shape={shape} />
        )}
      </section>
      <section class="card" aria-labelledby="pairs-heading">
        <h2 id="pairs-heading">{trained ? 'Reconstructions' : 'Test images'}</h2>
        <p class="hint">{trained ? texts.pairs : 'During training, reconstructions appear beside them.'}</p>
        <div id="pairs" class="images">
          {trained
            ? withContrast(trained.reconstructions).map((reconstruction, index) => [
                <Tile key="image" image={test?.[index]} name={`${texts.image} ${index + 1}`} shape={shape} />,
                <Tile key="reconstruction" image={reconstruction} name={`Reconstruction ${index + 1}`} shape={shape} />,
              ])
            : Array.from({ length: 2 * Math.min(RECONSTRUCTIONS, test?.length ?? Infinity) }, (_, index) => (
                <Tile key={index} image={test?.[index]} name={`${texts.image} ${index + 1}`} shape={shape} />
              ))}
        </div>
      </section>
    </div>
  );
}

interface SamplesProps {
  images: readonly Float32Array[];
  /** Names. Samples are in the order of classes, with equal counts. */
  classes: readonly string[];
  shape: ImageShape;
}

function Samples({ images, classes, shape }: SamplesProps) {
  const clear = useMemo(() => withContrast(images), [images]);
  return (
    <>
      <h2 id="samples-heading">Samples</h2>
      <p class="hint">
        {classes.length > 0
          ? 'Each class has images of the same codes.'
          : `Images of the same ${SAMPLES} codes each time.`}
        {clear !== images && ' They are still gray, and shown with more contrast.'}
      </p>
      <div id="samples" class="images">
        {clear.map((image, index) => {
          // A whole number at the first sample of a class.
          const name = classes[(classes.length * index) / images.length];
          return [
            name === undefined ? null : <h3 key={name}>{name}</h3>,
            <Tile key={index} image={image} name={`Sample ${index + 1}`} shape={shape} />,
          ];
        })}
      </div>
    </>
  );
}

const TrainingImages = ({ images, shape }: { images: readonly Float32Array[] | undefined; shape: ImageShape }) => (
  <>
    <h2 id="samples-heading">Training images</h2>
    <p class="hint">During training, samples appear here.</p>
    <div id="samples" class="images">
      {Array.from({ length: images?.length ?? SAMPLES }, (_, index) => (
        <Tile key={index} image={images?.[index]} name={`Training image ${index + 1}`} shape={shape} />
      ))}
    </div>
  </>
);

interface TileProps {
  image: Float32Array | undefined;
  name: string;
  shape: ImageShape;
}

const Tile = ({ image, name, shape }: TileProps) => <ImageCanvas image={image} shape={shape} role="img" label={name} />;

/** The images, or what new networks draw between black and white. */
function withContrast(images: readonly Float32Array[]): readonly Float32Array[] {
  const [least, most] = [Math.min, Math.max].map((choose) =>
    choose(...images.map((image) => image.reduce((a, b) => choose(a, b)))),
  ) as [number, number];
  if (most - least >= MIN_CONTRAST) return images;
  return images.map((image) => image.map((value) => (value - least) / (most - least)));
}

/** The first of images [N, C, H, W], in 0..1. */
function firstImages(bytes: Uint8Array, count: number, shape: ImageShape): Float32Array[] {
  const pixels = shape.reduce((product, side) => product * side);
  return Array.from({ length: Math.min(count, bytes.length / pixels) }, (_, index) =>
    Float32Array.from(bytes.subarray(index * pixels, (index + 1) * pixels), (byte) => byte / 255),
  );
}
