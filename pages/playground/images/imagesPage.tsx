/** Training on the visitor's own images. */
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { chosenFiles, droppedFiles, type FolderFile } from '../../components/folderFiles.js';
import { messageOf } from '../../../src/errors.js';
import type { PageProps } from '../page.js';
import type { TrainingImages } from '../training/images.js';
import type { TrainingKind } from '../training/imageTraining.js';
import { CHECKPOINT, type PreviewTexts, TrainingPanel } from '../training/trainingPanel.js';
import { drawExample, EXAMPLE_SIDE, EXAMPLES, readExamples } from './example.js';
import { IMAGE_SHAPE, MAX_IMAGES, MIN_IMAGES, readVisitorImages, type VisitorImages } from './readImages.js';
import { startFrom, VARIANTS } from './start.js';

const TEXTS: PreviewTexts = {
  model: 'Your images',
  image: 'Image',
  pairs: 'Your images, each with its reconstruction on the right.',
};

/** @param images without classes, both networks know nothing of them */
const kindOf = (images: TrainingImages): TrainingKind => ({
  prefix: 'images-',
  name: 'these images',
  load: () => Promise.resolve(images),
  variants: VARIANTS,
  start: (variant) => startFrom(variant, images.classes?.names ?? []),
  variantOf: (_, chosen) => chosen,
});

export function ImagesPage({ onExplore }: PageProps) {
  const [chosen, setChosen] = useState<{ number: number; found: VisitorImages; usesClasses: boolean }>();
  const [status, setStatus] = useState({ text: '', failed: false });
  const latest = useRef(0);
  /** Trains on these files. If they cannot be used, the training before stays. */
  const use = async (find: Promise<readonly FolderFile[]>): Promise<void> => {
    const number = ++latest.current;
    const show = (text: string, failed = false) => number === latest.current && setStatus({ text, failed });
    try {
      const files = await find;
      if (files.length === 0) return;
      const found = await readVisitorImages(files, (done) => show(`Reading image ${done + 1} of ${files.length}…`));
      if (number !== latest.current) return;
      setChosen({ number, found, usesClasses: found.images.classes !== undefined });
      show(describe(found));
    } catch (error) {
      show(messageOf(error), true);
    }
  };
  useLayoutEffect(() => {
    const onDrop = ({ dataTransfer }: DragEvent): void => {
      const isCheckpoint = Array.from(dataTransfer?.files ?? []).some(({ name }) => CHECKPOINT.test(name));
      if (dataTransfer && !isCheckpoint) void use(droppedFiles(dataTransfer, MAX_IMAGES));
    };
    document.addEventListener('drop', onDrop);
    return () => document.removeEventListener('drop', onDrop);
  });
  const choosing = (
    <Choosing isFirst={!chosen} onFiles={(files) => void use(Promise.resolve(files))}>
      <p id="chosen" role="status" class={status.failed ? 'failed' : ''}>
        {status.text}
      </p>
    </Choosing>
  );
  if (!chosen) return <Beginning onExample={() => void use(readExamples())}>{choosing}</Beginning>;
  const { number, found, usesClasses } = chosen;
  const { classes } = found.images;
  return (
    <div class="own-images page">
      <TrainingPanel
        key={`${number} ${usesClasses}`}
        title="Train on your images"
        kind={kindOf(usesClasses ? found.images : { ...found.images, classes: undefined })}
        variantLabel="Begin with"
        shape={IMAGE_SHAPE}
        texts={TEXTS}
        onExplore={onExplore}
      >
        {choosing}
        {classes && (
          <label>
            <input
              id="use-classes"
              type="checkbox"
              checked={usesClasses}
              onChange={() => setChosen({ ...chosen, usesClasses: !usesClasses })}
            />{' '}
            The folders are classes: train with them, and draw samples of each
          </label>
        )}
      </TrainingPanel>
    </div>
  );
}

/** What a visitor can do before any picture is chosen, and what will happen. */
const Beginning = ({ onExample, children }: { onExample: () => void; children: ComponentChildren }) => (
  <div class="own-images page">
    <h1>Train on your images</h1>
    <div class="beginning">
      <div>
        {children}
        <section class="card example">
          <h2>No pictures at hand?</h2>
          <Examples />
          <button id="example" type="button" onClick={onExample}>
            Try {EXAMPLES} drawn flowers and fish
          </button>
        </section>
      </div>
      <section class="card">
        <h2>What will happen</h2>
        <ol>
          <li>
            <strong>Choose.</strong> {MIN_IMAGES} pictures are enough, and hundreds are better. They are cropped to
            squares of 32 pixels, as a model of this size needs. They never leave this page.
          </li>
          <li>
            <strong>Train.</strong> Training begins with a model of drawn faces, so that you see something within a
            minute: the faces turn into your pictures. Few pictures are learned by heart.
          </li>
          <li>
            <strong>Keep.</strong> Explore the model, or save its checkpoint. The command line opens it:{' '}
            <code>agenet sample FILE</code>.
          </li>
        </ol>
      </section>
    </div>
  </div>
);

/** How many of the example pictures are shown. */
const SHOWN = 10;

function Examples() {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    for (let index = 0; index < SHOWN; index++) {
      drawExample(context, index);
      context.translate(EXAMPLE_SIDE, 0);
    }
  }, []);
  return (
    <canvas
      ref={canvas}
      width={SHOWN * EXAMPLE_SIDE}
      height={EXAMPLE_SIDE}
      role="img"
      aria-label="Drawings of flowers and fish"
    />
  );
}

function describe({ count, classes, skipped }: VisitorImages): string {
  const folders = classes.map(([name, images]) => `${name || 'no folder'} (${images})`).join(', ');
  return [`${count.toLocaleString('en')} images${folders && ` from ${classes.length} folders: ${folders}`}`, skipped]
    .filter((part) => part !== '')
    .join('; ');
}

interface ChoosingProps {
  isFirst: boolean;
  /** On the chosen files. */
  children: ComponentChildren;
  onFiles: (files: readonly FolderFile[]) => void;
}

function Choosing({ isFirst, onFiles, children }: ChoosingProps) {
  const [isOver, setIsOver] = useState(false);
  const input = (id: string, label: string, isFolder: boolean) => (
    <label class={`button file ${isFirst && !isFolder ? 'primary' : ''}`}>
      {label}
      <input
        id={id}
        class="hidden"
        type="file"
        multiple
        {...(isFolder ? {} : { accept: 'image/*' })}
        // Not among the types of JSX.
        {...(isFolder && { webkitdirectory: true })}
        onChange={({ currentTarget }) => {
          onFiles(chosenFiles(currentTarget.files));
          // The same files can then be chosen again.
          currentTarget.value = '';
        }}
      />
    </label>
  );
  return (
    <div
      id="drop"
      class={`row ${isOver ? 'over' : ''}`}
      onDragEnter={() => setIsOver(true)}
      onDragLeave={({ currentTarget, relatedTarget }) =>
        setIsOver(currentTarget.contains(relatedTarget as Node | null))
      }
      onDrop={() => setIsOver(false)}
    >
      {isFirst && (
        <p>
          <strong>Drop {MIN_IMAGES} or more pictures here, or a folder of them</strong>
          <span class="meaning">Folders in it are classes, and samples can be drawn of each.</span>
        </p>
      )}
      {children}
      <p class="buttons">
        {input('image-files', isFirst ? 'Choose pictures' : 'Other pictures', false)}
        {input('image-folder', isFirst ? 'Choose a folder' : 'Other folder', true)}
      </p>
    </div>
  );
}
