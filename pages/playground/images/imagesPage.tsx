/** Training on the visitor's own images. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { chosenFiles, droppedFiles, type FolderFile } from '../../components/folderFiles.js';
import { messageOf } from '../../../src/errors.js';
import type { PageProps } from '../page.js';
import type { TrainingImages } from '../training/images.js';
import type { TrainingKind } from '../training/imageTraining.js';
import { CHECKPOINT, type PreviewTexts, TrainingPanel } from '../training/trainingPanel.js';
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
  return (
    <div class="own-images">
      <Choosing isFirst={!chosen} onFiles={(files) => void use(Promise.resolve(files))} />
      <p id="chosen" role="status" class={status.failed ? 'failed' : ''}>
        {status.text}
      </p>
      {chosen?.found.images.classes && (
        <p>
          <label>
            <input
              id="use-classes"
              type="checkbox"
              checked={chosen.usesClasses}
              onChange={() => setChosen({ ...chosen, usesClasses: !chosen.usesClasses })}
            />{' '}
            The folders are classes: train with them, and draw samples of each class
          </label>
        </p>
      )}
      {chosen ? (
        <TrainingPanel
          key={`${chosen.number} ${chosen.usesClasses}`}
          kind={kindOf(chosen.usesClasses ? chosen.found.images : { ...chosen.found.images, classes: undefined })}
          variantLabel="begin with"
          shape={IMAGE_SHAPE}
          texts={TEXTS}
          onExplore={onExplore}
        />
      ) : (
        <Outline />
      )}
    </div>
  );
}

/** What will happen, before any picture is chosen. */
const Outline = () => (
  <div class="columns">
    <section class="card">
      <h2>1. Choose</h2>
      <p>
        {MIN_IMAGES} pictures are enough, and hundreds are better. They are cropped to squares of 32 pixels, as a model
        of this size needs. They never leave this page.
      </p>
    </section>
    <section class="card">
      <h2>2. Train</h2>
      <p>
        Training begins with a model of drawn faces, so that you see something within a minute: the faces turn into your
        pictures. Few pictures are learned by heart.
      </p>
    </section>
    <section class="card">
      <h2>3. Keep</h2>
      <p>
        Explore the model, or download its checkpoint. The command line opens it: <code>agenet sample FILE</code>.
      </p>
    </section>
  </div>
);

function describe({ count, classes, skipped }: VisitorImages): string {
  const folders = classes.map(([name, images]) => `${name || 'no folder'} (${images})`).join(', ');
  return [`${count} images`, folders && `from ${classes.length} folders: ${folders}`, skipped]
    .filter((part) => part !== '')
    .join('; ');
}

interface ChoosingProps {
  isFirst: boolean;
  onFiles: (files: readonly FolderFile[]) => void;
}

function Choosing({ isFirst, onFiles }: ChoosingProps) {
  const [isOver, setIsOver] = useState(false);
  const input = (id: string, label: string, isFolder: boolean) => (
    <label class="button file">
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
      class={`choosing toolbar ${isFirst ? 'first' : ''} ${isOver ? 'over' : ''}`}
      onDragEnter={() => setIsOver(true)}
      onDragLeave={({ currentTarget, relatedTarget }) =>
        setIsOver(currentTarget.contains(relatedTarget as Node | null))
      }
      onDrop={() => setIsOver(false)}
    >
      <p>
        <strong>
          {isFirst
            ? `Drop ${MIN_IMAGES} or more pictures here, or a folder of them`
            : 'Drop other pictures to begin again'}
        </strong>
        {isFirst && <span class="meaning">Folders inside of it are classes, and samples can be drawn of each.</span>}
      </p>
      <p class="buttons">
        {input('image-files', 'Choose pictures', false)}
        {input('image-folder', 'Choose a folder', true)}
      </p>
    </div>
  );
}
