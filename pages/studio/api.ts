/** Requests to the server of the studio. */
import type {
  CheckedRun,
  Curves,
  DataCounts,
  DataInfo,
  DataSet,
  Labels,
  Plan,
  Problem,
  RunDetail,
  ListedRun,
  SteeringAction,
  TrainingForm,
  NewRun,
} from '../../src/studio/schemas.js';

/** A request that the server rejected, with the problem of each wrong field. */
export class RequestError extends Error {
  constructor(
    message: string,
    readonly fields: Record<string, string> = {},
    /** The status of the answer, if there was one. */
    readonly status?: number,
  ) {
    super(message);
  }
}

async function request(path: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(path, init).catch(() => {
    throw new RequestError('the studio cannot be reached; it may have ended');
  });
  if (response.ok) return response;
  const problem = (await response
    .json()
    .catch(() => ({ message: `the studio answered ${response.status}` }))) as Problem;
  throw new RequestError(problem.message, problem.fields, response.status);
}

const read = async <T>(path: string): Promise<T> => (await request(path)).json() as Promise<T>;

const sent = (method: string, value: unknown): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

const send = async <T>(path: string, value: unknown): Promise<T> =>
  (await request(path, sent('POST', value))).json() as Promise<T>;

const pathOf = (run: string): string => `/api/runs/${encodeURIComponent(run)}`;

export const readRuns = (): Promise<ListedRun[]> => read('/api/runs');
export const readRun = (run: string): Promise<RunDetail> => read(pathOf(run));

/** @param range the first and the last iteration (default: all) */
export function readCurves(run: string, points: number, range?: readonly [from: number, to: number]): Promise<Curves> {
  const limits = range ? `&from=${Math.floor(range[0])}&to=${Math.ceil(range[1])}` : '';
  return read(`${pathOf(run)}/curves?points=${points}${limits}`);
}

/** The address of the previews of an iteration. */
export const previewAddress = (run: string, kind: 'samples' | 'reconstructions', step: number): string =>
  `${pathOf(run)}/${kind}/${step}`;

const readBytes = async (path: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await (await request(path)).arrayBuffer());

/** The codes of test images at an iteration, as a NumPy file. */
export const readCodes = (run: string, step: number): Promise<Uint8Array> => readBytes(`${pathOf(run)}/codes/${step}`);
export const readCheckpoint = (run: string, step: number): Promise<Uint8Array> =>
  readBytes(`${pathOf(run)}/checkpoints/${step}`);
export const checkpointAddress = (run: string, step: number): string => `${pathOf(run)}/checkpoints/${step}`;
export const readDataInfo = (run: string): Promise<DataInfo> => read(`${pathOf(run)}/data`);
export const readDataImages = (run: string): Promise<Uint8Array> => readBytes(`${pathOf(run)}/data/images`);

const pathOfTag = (run: string, tag: string): string => `${pathOf(run)}/tags/${encodeURIComponent(tag)}`;
export const addTag = async (run: string, tag: string): Promise<void> =>
  void (await request(pathOfTag(run, tag), { method: 'PUT' }));
export const removeTag = async (run: string, tag: string): Promise<void> =>
  void (await request(pathOfTag(run, tag), { method: 'DELETE' }));
export const writeNote = async (run: string, note: string): Promise<void> =>
  void (await request(`${pathOf(run)}/note`, sent('PUT', { note })));
export const renameRun = (run: string, name: string): Promise<{ run: string }> => send(`${pathOf(run)}/name`, { name });
export const deleteRun = async (run: string): Promise<void> => void (await request(pathOf(run), { method: 'DELETE' }));
/** Removes a run from the queue, or dismisses one that could not start. */
export const cancelTraining = async (run: string): Promise<void> =>
  void (await request(`/api/queue/${encodeURIComponent(run)}`, { method: 'DELETE' }));
export const steerRun = async (run: string, action: SteeringAction): Promise<void> =>
  void (await request(`${pathOf(run)}/steering`, sent('POST', { action })));
export const resumeRun = async (run: string, steps?: number): Promise<void> =>
  void (await request(`${pathOf(run)}/resume`, sent('POST', steps === undefined ? {} : { steps })));

export const readLabels = (): Promise<Labels> => read('/api/labels');
export const readForm = (): Promise<TrainingForm> => read('/api/form');
export const checkTraining = (training: NewRun): Promise<CheckedRun> => send('/api/queue/check', training);
export const planTraining = (training: NewRun): Promise<Plan> => send('/api/queue/plan', training);
export const startTraining = (training: NewRun): Promise<{ command: string }> => send('/api/queue', training);

export const readDataSets = (): Promise<DataSet[]> => read('/api/data');
export const readDataCounts = (data: string): Promise<DataCounts> =>
  read(`/api/data/counts?data=${encodeURIComponent(data)}`);
export const dataPreviewAddress = (data: string): string => `/api/data/preview?data=${encodeURIComponent(data)}`;

/** Deletes an uploaded data set, by the name in its `upload`. */
export const deleteUpload = async (name: string): Promise<void> =>
  void (await request(`/api/data/${encodeURIComponent(name)}`, { method: 'DELETE' }));

export async function uploadImages(name: string, images: readonly File[]): Promise<DataSet> {
  const body = new FormData();
  for (const image of images) body.append('images', image);
  return (
    await request(`/api/data/${encodeURIComponent(name)}/images`, { method: 'POST', body })
  ).json() as Promise<DataSet>;
}
