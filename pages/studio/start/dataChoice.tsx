/** The choice of data, a look at it, and uploads. */
import { useEffect, useState } from 'preact/hooks';
import { Question } from '../../components/dialog.js';
import { FileButton } from '../../components/fileButton.js';
import { messageOf } from '../../../src/errors.js';
import type { DataCounts, DataSet } from '../../../src/studio/schemas.js';
import { dataPreviewAddress, deleteUpload, readDataCounts, readDataSets, uploadImages } from '../api.js';
import { dataName, formatBytes, formatNumber } from '../format.js';
import { Preview } from '../preview.js';

/** Bytes and images of one request; more are sent in several. */
const [MAX_BYTES, MAX_IMAGES] = [48 * 2 ** 20, 500];
const DEFAULT_DATA = 'mnist';

export function DataChoice({ data, onData }: { data: string; onData: (data: string) => void }) {
  const [sets, setSets] = useState<readonly DataSet[]>([]);
  /** Counts the changes. The preview is read again after each. */
  const [version, setVersion] = useState(0);
  useEffect(() => void readDataSets().then(setSets, () => undefined), [version]);
  const [problem, setProblem] = useState('');
  const known = sets.find(({ name }) => name === data);
  const names = [...(known ? [] : [data]), ...sets.map(({ name }) => name)];
  const remove = (upload: string): void => {
    deleteUpload(upload).then(
      () => {
        setProblem('');
        setVersion(version + 1);
        onData(DEFAULT_DATA);
      },
      (error: unknown) => setProblem(messageOf(error)),
    );
  };
  return (
    <section class="card" aria-labelledby="data-heading">
      <h2 id="data-heading">Data</h2>
      <div class="field">
        <label for="data">Images to train on</label>
        <select id="data" value={data} onChange={({ currentTarget }) => onData(currentTarget.value)}>
          {names.map((name) => (
            <option key={name} value={name}>
              {dataName(name)}
            </option>
          ))}
        </select>
      </div>
      <DataPreview key={`${data} ${version}`} data={data} version={version} />
      {known?.upload && <UploadDeletion key={data} upload={known.upload} onDelete={remove} />}
      {problem && <p class="failed">{problem}</p>}
      <Upload
        onUploaded={(name) => {
          setVersion(version + 1);
          onData(name);
        }}
      />
    </section>
  );
}

interface UploadDeletionProps {
  upload: NonNullable<DataSet['upload']>;
  onDelete: (name: string) => void;
}

function UploadDeletion({ upload: { name, images, bytes }, onDelete }: UploadDeletionProps) {
  const [isAsked, setIsAsked] = useState(false);
  const size = `${formatNumber(images)} images, ${formatBytes(bytes)}`;
  return (
    <p>
      <button id="delete-upload" type="button" onClick={() => setIsAsked(true)}>
        Delete this upload ({size})…
      </button>
      {isAsked && (
        <Question
          title={`Delete the upload ${name}?`}
          action="Delete"
          onAction={() => onDelete(name)}
          onClose={() => setIsAsked(false)}
        >
          <p>{size}. Runs on it cannot be resumed then.</p>
        </Question>
      )}
    </p>
  );
}

function DataPreview({ data, version }: { data: string; version: number }) {
  const [counts, setCounts] = useState<DataCounts>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    let isLatest = true;
    readDataCounts(data).then(
      (read) => isLatest && setCounts(read),
      (error: unknown) => isLatest && setProblem(messageOf(error)),
    );
    return () => {
      isLatest = false;
    };
  }, [data]);
  return (
    <div class="data-preview">
      <div class="sheet frame">
        <Preview
          address={counts && `${dataPreviewAddress(data)}&version=${version}`}
          alt={`The first images of ${dataName(data)}`}
        />
      </div>
      <p role="status" class={problem ? 'failed' : 'meaning'}>
        {problem || (counts ? describe(counts) : 'Counting the images…')}
      </p>
      {counts?.classes && <ClassCounts classes={counts.classes} />}
    </div>
  );
}

function describe({ train, test, size, channels, classes, skipped }: DataCounts): string {
  const kind = `${size.join('x')} ${channels === 1 ? 'grayscale' : 'RGB'}`;
  const labels = classes ? `${classes.length} classes` : 'no labels';
  const images = `${formatNumber(train)} training and ${formatNumber(test)} test images`;
  return `${images}, ${kind}, ${labels}${skipped > 0 ? `; ${skipped} files skipped` : ''}.`;
}

function ClassCounts({ classes }: { classes: NonNullable<DataCounts['classes']> }) {
  const most = Math.max(...classes.map(({ count }) => count));
  return (
    <div class="class-counts" role="group" aria-label="Images per class" tabIndex={0}>
      <ul class="list">
        {classes.map(({ name, count }) => (
          <li key={name} class="meter">
            <span class="ellipsis" title={name}>
              {name}
            </span>
            <span class="bar" aria-hidden="true">
              <span style={{ width: `${(100 * count) / most}%` }} />
            </span>
            <span class="number">{formatNumber(count)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Upload({ onUploaded }: { onUploaded: (name: string) => void }) {
  const [name, setName] = useState('my-images');
  const [status, setStatus] = useState({ text: '', isFailure: false });
  const upload = async (files: readonly File[]): Promise<void> => {
    let sent = 0;
    let spec = '';
    for (const batch of batchesOf(files)) {
      setStatus({
        text: `Uploading: ${formatNumber(sent)} of ${formatNumber(files.length)} images…`,
        isFailure: false,
      });
      spec = (await uploadImages(name, batch)).name;
      sent += batch.length;
    }
    setStatus({ text: `${formatNumber(sent)} images uploaded.`, isFailure: false });
    onUploaded(spec);
  };
  return (
    <details class="field-group">
      <summary>Upload images</summary>
      <div class="field">
        <label for="upload-name">Name of the data set</label>
        <input id="upload-name" value={name} onInput={({ currentTarget }) => setName(currentTarget.value)} />
      </div>
      <div class="field">
        <span>Images</span>
        <div>
          <FileButton
            id="upload-files"
            accept="image/jpeg,image/png,image/webp,image/gif"
            onFiles={(files) =>
              void upload(files).catch((error: unknown) => setStatus({ text: messageOf(error), isFailure: true }))
            }
          >
            Choose images
          </FileButton>
        </div>
        <p class="meaning">
          JPEG, PNG, WebP or GIF files. For folders of this computer, start the studio with --data FOLDER.
        </p>
      </div>
      <p role="status" class={status.isFailure ? 'failed' : 'meaning'}>
        {status.text}
      </p>
    </details>
  );
}

function batchesOf(files: readonly File[]): File[][] {
  const batches: File[][] = [];
  let bytes = Infinity;
  for (const file of files) {
    if (bytes + file.size > MAX_BYTES || batches.at(-1)!.length >= MAX_IMAGES) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)!.push(file);
    bytes += file.size;
  }
  return batches;
}
