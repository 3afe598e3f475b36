/** Trains on the plane, a frame at a time. */
import { compile } from '../../../src/engine/runtime/web.js';
import { InputError } from '../../../src/errors.js';
import { randomStream } from '../../../src/random.js';
import { oneAtATime } from '../../../src/turns.js';
import { answerRequests, type WorkerScope } from '../../../src/web/requests.js';
import { latticeOf } from './lattice.js';
import type { PlaneFrame, PlaneRequest } from './protocol.js';
import { drawData } from './shapes.js';
import { PlaneTraining, type PlaneOptions, type PlaneReport } from './training.js';

/** Milliseconds between two frames, and data points in a view. */
const [FRAME_MS, SHOWN] = [40, 600];

/** Answers the requests of the page, in a worker. */
export function servePlane(scope: WorkerScope): void {
  const service = new PlaneService((frame) => post(frame));
  const post = answerRequests<PlaneRequest, PlaneFrame | undefined, PlaneFrame>(
    scope,
    (request) => service.handle(request),
    () => [],
  );
}

class PlaneService {
  private training: PlaneTraining | undefined;
  private options: PlaneOptions | undefined;
  private readonly inTurn = oneAtATime();

  constructor(private readonly post: (frame: PlaneFrame) => void) {}

  handle(request: PlaneRequest): Promise<PlaneFrame | undefined> {
    if (request.type === 'options') {
      this.options = request.options;
      return Promise.resolve(undefined);
    }
    if (request.type === 'start') this.options = request.options;
    return this.inTurn((isLatest) => this.answer(request, isLatest));
  }

  private async answer(request: PlaneRequest, isLatest: () => boolean): Promise<PlaneFrame | undefined> {
    // Each drawn point starts again; only the last start is compiled.
    if (request.type === 'start' && !isLatest()) return undefined;
    if (request.type === 'start') await this.start(request);
    const { training } = this;
    if (!training) throw new InputError('training', 'not started', 'send start first');
    const frame = new FrameOf(training);
    if (request.type === 'step') await frame.iterate(this.options!);
    if (request.type === 'run') await this.run(training, request.perSecond, isLatest);
    return frame.end(0);
  }

  private async start({ model, data }: Extract<PlaneRequest, { type: 'start' }>): Promise<void> {
    await this.training?.release();
    this.training = undefined;
    const shown = drawData(data, SHOWN, randomStream(model.seed, 'shown'));
    const draw = (count: number, step: number) => drawData(data, count, randomStream(model.seed, 'data', step));
    this.training = await PlaneTraining.create(model, draw, { lattice: latticeOf(model.latent), shown }, (graph) =>
      compile(graph, { target: { name: 'plain' } }),
    );
  }

  /** Iterates and sends frames until another request comes. */
  private async run(training: PlaneTraining, perSecond: number, isLatest: () => boolean): Promise<void> {
    const [begin, first] = [performance.now(), training.step];
    while (isLatest()) {
      const frame = new FrameOf(training);
      const until = performance.now() + FRAME_MS;
      const due = (): number => begin + ((training.step - first) * 1000) / perSecond;
      while (performance.now() < until && due() <= performance.now() && isLatest()) await frame.iterate(this.options!);
      this.post(await frame.end(((training.step - first) * 1000) / Math.max(1, performance.now() - begin)));
      // Requests get their turn.
      await new Promise((resolve) => void setTimeout(resolve, Math.max(0, until - performance.now())));
    }
  }
}

/** The iterations of a frame. */
class FrameOf {
  private sums: Record<string, number> = {};
  private count = 0;

  constructor(private readonly training: PlaneTraining) {}

  async iterate(options: PlaneOptions): Promise<void> {
    const report = await this.training.iterate(options);
    if (!Object.values(report).every(Number.isFinite))
      throw new InputError(
        'training',
        'a loss is no longer finite',
        'press Reset, and use a lower learning rate or lower weights',
      );
    for (const [name, value] of Object.entries(report)) this.sums[name] = (this.sums[name] ?? 0) + value;
    this.count++;
  }

  async end(rate: number): Promise<PlaneFrame> {
    const report: PlaneReport = Object.fromEntries(
      Object.entries(this.sums).map(([name, sum]) => [name, sum / this.count]),
    );
    return { report: this.count > 0 ? report : undefined, view: await this.training.view(), rate };
  }
}
