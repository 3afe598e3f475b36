/** Trains on the plane, a frame at a time. */
import { compile } from '../../../src/engine/runtime/web.js';
import { InputError } from '../../../src/errors.js';
import { NETWORK_NAMES, type NetworkName } from '../../../src/networks/network.js';
import { randomStream } from '../../../src/random.js';
import { oneAtATime } from '../../../src/turns.js';
import { answerRequests, type WorkerScope } from '../../../src/web/requests.js';
import { latticeOf } from './lattice.js';
import type { PlaneOptions } from './model.js';
import type { PlaneFrame, PlaneRequest, PlaneTrack, TrackFrame, Which } from './protocol.js';
import { drawData, shownPoints } from './shapes.js';
import { PlaneTraining } from './training.js';
import { untrainedView } from './untrained.js';
import type { ViewedPoints } from './view.js';

/** Milliseconds between two frames. */
const FRAME_MS = 40;
/** Up to this speed, both halves of an iteration are seen. */
const SLOW = 10;

/** Answers the requests of the page, in a worker. */
export function servePlane(scope: WorkerScope): void {
  const service = new PlaneService((frame) => post(frame));
  const post = answerRequests<PlaneRequest, PlaneFrame | undefined, PlaneFrame>(
    scope,
    (request) => service.handle(request),
    () => [],
  );
}

type Run = Extract<PlaneRequest, { type: 'run' }>;

class PlaneService {
  private tracks: readonly PlaneTraining[] = [];
  private options: readonly PlaneOptions[] = [];
  private hasPushes = false;
  private readonly inTurn = oneAtATime();

  constructor(private readonly post: (frame: PlaneFrame) => void) {}

  handle(request: PlaneRequest): Promise<PlaneFrame | undefined> {
    if (request.type === 'options') {
      ({ options: this.options, hasPushes: this.hasPushes } = request);
      return Promise.resolve(undefined);
    }
    return this.inTurn((isLatest) => this.answer(request, isLatest));
  }

  private async answer(
    request: Exclude<PlaneRequest, { type: 'options' }>,
    isLatest: () => boolean,
  ): Promise<PlaneFrame | undefined> {
    // Each drawn point starts again; only the last start is compiled.
    if (request.type === 'start' && !isLatest()) return undefined;
    if (request.type === 'start') await this.start(request.tracks);
    if (this.tracks.length === 0) return undefined;
    if (request.type === 'run') return this.run(request, isLatest);
    const iterations = new Iterations();
    const which = request.type === 'step' ? request.which : undefined;
    if (which) for (const network of networksOf(which)) await this.update(network, iterations);
    return this.frame(iterations, which, 0);
  }

  private async start(tracks: readonly PlaneTrack[]): Promise<void> {
    const released = this.tracks.map((training) => training.release());
    this.tracks = [];
    this.post(untrainedFrame(tracks));
    await Promise.all(released);
    this.tracks = await Promise.all(tracks.map(createTraining));
  }

  /** Iterates and sends frames until another request comes, or all iterations are done. */
  private async run({ which, perSecond, count }: Run, isLatest: () => boolean): Promise<PlaneFrame> {
    const begin = performance.now();
    const networks = networksOf(which);
    const isSlow = perSecond <= SLOW && networks.length > 1;
    let done = 0;
    let latest = new Iterations();
    const rate = () => (done * 1000) / Math.max(1, performance.now() - begin);
    const isDue = () => done < count && begin + (done * 1000) / perSecond <= performance.now();
    while (isLatest() && done < count) {
      const until = performance.now() + FRAME_MS;
      while (performance.now() < until && isDue() && isLatest()) {
        for (const network of networks) {
          await this.update(network, latest);
          if (!isSlow || network !== 'encoder') continue;
          this.post(await this.frame(latest, network, rate()));
          latest = new Iterations();
          await pause(500 / perSecond, isLatest);
        }
        done++;
      }
      if (done === count || !isLatest()) break;
      if (latest.count > 0) {
        this.post(await this.frame(latest, isSlow ? 'generator' : which, rate()));
        latest = new Iterations();
      }
      // Requests get their turn.
      await new Promise((resolve) => void setTimeout(resolve, Math.max(0, until - performance.now())));
    }
    return this.frame(latest, undefined, 0);
  }

  private async update(network: NetworkName, iterations: Iterations): Promise<void> {
    const reports = await Promise.all(
      this.tracks.map((training, index) => training.update(network, this.options[index]!)),
    );
    if (!reports.every((report) => Object.values(report).every(Number.isFinite)))
      throw new InputError(
        'training',
        'a loss is no longer finite',
        'press Reset, and use a lower learning rate or lower weights',
      );
    iterations.add(reports);
  }

  private async frame(iterations: Iterations, moved: Which | undefined, rate: number): Promise<PlaneFrame> {
    const track = async (training: PlaneTraining, index: number): Promise<TrackFrame> => ({
      report: iterations.meansOf(index),
      view: await training.view(),
      pushes: this.hasPushes ? await training.pushes(this.options[index]!) : [],
    });
    return { updates: this.tracks[0]!.updates, moved, rate, tracks: await Promise.all(this.tracks.map(track)) };
  }
}

const networksOf = (which: Which): readonly NetworkName[] => (which === 'both' ? NETWORK_NAMES : [which]);

const viewedPoints = ({ model, data }: PlaneTrack): ViewedPoints => ({
  lattice: latticeOf(model.latent),
  shown: shownPoints(data, model.seed),
});

/** What the networks do before they are compiled. */
function untrainedFrame(tracks: readonly PlaneTrack[]): PlaneFrame {
  const shown = tracks.map((track) => ({
    report: {},
    view: untrainedView(track.model, viewedPoints(track)),
    pushes: [],
  }));
  return { updates: { encoder: 0, generator: 0 }, moved: undefined, rate: 0, tracks: shown };
}

function createTraining(track: PlaneTrack): Promise<PlaneTraining> {
  const { model, data } = track;
  const draw = (count: number, step: number) => drawData(data, count, randomStream(model.seed, 'data', step));
  return PlaneTraining.create(model, draw, viewedPoints(track), (graph) =>
    compile(graph, { target: { name: 'plain' } }),
  );
}

/** Waits, unless another request comes. */
async function pause(milliseconds: number, isLatest: () => boolean): Promise<void> {
  const until = performance.now() + milliseconds;
  while (isLatest() && performance.now() < until) await new Promise((resolve) => void setTimeout(resolve, FRAME_MS));
}

/** The reports of the updates of a frame. */
class Iterations {
  private readonly values: Record<string, number[]>[] = [];
  count = 0;

  /** @param reports of each track */
  add(reports: readonly Record<string, number>[]): void {
    this.count++;
    for (const [index, report] of reports.entries()) {
      const values = (this.values[index] ??= {});
      for (const [name, value] of Object.entries(report)) (values[name] ??= []).push(value);
    }
  }

  meansOf(track: number): Record<string, number> {
    return Object.fromEntries(
      Object.entries(this.values[track] ?? {}).map(([name, values]) => [
        name,
        values.reduce((sum, value) => sum + value) / values.length,
      ]),
    );
  }
}
