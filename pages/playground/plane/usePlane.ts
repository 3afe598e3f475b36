/** The training on the plane, in its worker, and its results for the page. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { appendPoint, type ChartPoint } from '../../components/chart.js';
import { messageOf } from '../../../src/errors.js';
import { Requests } from '../../../src/web/requests.js';
import { openWorker } from '../workers.js';
import { withExcess } from './curves.js';
import type { PlaneFrame, PlaneRequest } from './protocol.js';
import { dataOf, LATENT_OF, modelOf, optionsOf, type PlaneSettings } from './settings.js';

/** Milliseconds between two updates of the charts, which are slower to draw than the views. */
const CHART_MS = 200;

/** Trains with the settings. A change of the graph or the data starts again; all others take effect at once. */
export function usePlane(settings: PlaneSettings) {
  const latent = LATENT_OF[settings.prior];
  const { frame, points, show, replace } = useFrames(latent);
  const [isReady, setIsReady] = useState(false);
  const [isWanted, setIsWanted] = useState(false);
  const [failure, setFailure] = useState('');
  const isRunning = isReady && isWanted;
  const requests = useRef<Requests<PlaneRequest, PlaneFrame | undefined, PlaneFrame>>(undefined);
  const current = useRef({ starts: 0, show }).current;
  current.show = show;
  useEffect(() => {
    requests.current = new Requests(openWorker('plane'), 'training', (received: PlaneFrame) => current.show(received));
    return () => requests.current!.stop();
  }, []);

  /** Ignores answers to requests of earlier starts. */
  const send = (request: PlaneRequest, onAnswer = (answer: PlaneFrame | undefined) => answer && show(answer)): void => {
    const { starts } = current;
    requests.current!.send(request).then(
      (answer) => starts === current.starts && onAnswer(answer),
      (error: unknown) => {
        if (starts !== current.starts) return;
        setFailure(messageOf(error));
        setIsWanted(false);
      },
    );
  };
  const start = (): void => {
    current.starts++;
    setIsReady(false);
    setFailure('');
    const data = dataOf(settings);
    if (data === undefined) return send({ type: 'pause' }, () => replace(undefined));
    send({ type: 'start', model: modelOf(settings), data, options: optionsOf(settings) }, (answer) => {
      replace(answer);
      setIsReady(true);
    });
  };
  const { data, drawn, prior, condition, hidden, generatorUpdates, seed, learningRate, weights, speed } = settings;
  useEffect(start, [data, drawn, prior, condition, hidden, generatorUpdates, seed]);
  useEffect(() => send({ type: 'options', options: optionsOf(settings) }), [learningRate, weights]);
  useEffect(() => {
    if (isRunning) send({ type: 'run', perSecond: speed === 'fastest' ? Infinity : Number(speed) });
  }, [isRunning, speed]);
  const run = (shouldRun: boolean): void => {
    setIsWanted(shouldRun);
    if (!shouldRun) send({ type: 'pause' });
  };
  const reset = (): void => {
    setIsWanted(false);
    start();
  };
  return { frame, points, isReady, isRunning, failure, run, step: () => send({ type: 'step' }), reset };
}

/** The latest frame and the points of the charts. A slow screen skips frames instead of falling behind. */
function useFrames(latent: 2 | 3) {
  const [frame, setFrame] = useState<PlaneFrame>();
  const [points, setPoints] = useState<readonly ChartPoint[]>([]);
  const pending = useRef({ frame, points: [] as ChartPoint[], timer: 0, drawn: 0 }).current;
  const draw = (now: number): void => {
    setFrame(pending.frame);
    const isDue = now - pending.drawn >= CHART_MS;
    pending.timer = isDue ? 0 : requestAnimationFrame(draw);
    if (!isDue) return;
    pending.drawn = now;
    const added = pending.points.splice(0);
    setPoints((before) => added.reduce(appendPoint, before));
  };
  const show = (received: PlaneFrame): void => {
    const { report, view } = received;
    pending.frame = received;
    if (report) pending.points.push({ step: view.step, values: withExcess(report, latent) });
    pending.timer ||= requestAnimationFrame(draw);
  };
  /** Starts again, with the first frame if there is one. */
  const replace = (first: PlaneFrame | undefined): void => {
    Object.assign(pending, { frame: first, points: [] });
    setFrame(first);
    setPoints([]);
  };
  return { frame, points, show, replace };
}
