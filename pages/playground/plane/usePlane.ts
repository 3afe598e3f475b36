/** Training on the plane, in its worker, and its results for the page. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { appendPoint, type ChartPoint } from '../../components/chart.js';
import { messageOf } from '../../../src/errors.js';
import { Requests } from '../../../src/web/requests.js';
import { openWorker } from '../workers.js';
import { iterationOfFrame, type PlaneFrame, type PlaneRequest, type Which } from './protocol.js';
import { shownPoints } from './shapes.js';
import { dataOf, modelOf, optionsOf, type PlaneSettings, trackKey } from './settings.js';

/** Milliseconds between two updates of the charts, which are slower to draw than the views. */
const CHART_MS = 200;
/** Frames that are kept for an animation. */
const MAX_HISTORY = 64;

/** A run that the visitor wants: which networks learn, and how many iterations. */
interface WantedRun {
  which: Which;
  count: number;
}

/**
 * Trains with the settings, in several tracks that advance together. A change of a graph or the data starts again; all
 * others take effect at once.
 */
export function usePlane(settings: readonly PlaneSettings[]) {
  const { frame, points, history, show, replace } = useFrames(settings);
  const [isReady, setIsReady] = useState(false);
  const [wanted, setWanted] = useState<WantedRun>();
  const [failure, setFailure] = useState('');
  const requests = useRef<Requests<PlaneRequest, PlaneFrame | undefined, PlaneFrame>>(undefined);
  const current = useRef({ starts: 0, runs: 0, show }).current;
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
        setWanted(undefined);
      },
    );
  };
  const [{ speed, arrows }] = settings as [PlaneSettings];
  const hasPushes = arrows.length > 0;
  const sendOptions = (): void => send({ type: 'options', options: settings.map(optionsOf), hasPushes });
  const start = (): void => {
    current.starts++;
    setIsReady(false);
    setFailure('');
    const tracks = settings.flatMap((each) => {
      const data = dataOf(each);
      return data === undefined ? [] : [{ model: modelOf(each), data }];
    });
    if (tracks.length < settings.length) return send({ type: 'pause' }, () => replace(undefined));
    sendOptions();
    send({ type: 'start', tracks }, (answer) => {
      replace(answer);
      setIsReady(true);
    });
  };
  useEffect(start, [settings.map(trackKey).join('|')]);
  useEffect(sendOptions, [settings.map(({ weights, learningRate }) => JSON.stringify([weights, learningRate])).join()]);
  useEffect(() => {
    sendOptions();
    // A run sends frames anyway.
    if (isReady && !wanted) send({ type: 'pause' });
  }, [hasPushes]);
  useEffect(() => {
    if (!isReady || !wanted) return;
    const number = ++current.runs;
    send({ type: 'run', ...wanted, perSecond: speed === 'fastest' ? Infinity : Number(speed) }, (answer) => {
      if (answer) show(answer);
      // Not if another speed has replaced it.
      if (number === current.runs) setWanted(undefined);
    });
  }, [isReady, wanted, speed]);
  const stopAnd = (then: () => unknown) => (): void => {
    setWanted(undefined);
    then();
  };
  return {
    frame,
    points,
    history,
    isReady: isReady && failure === '',
    /** Whether training runs, or will as soon as the networks are compiled. */
    isWanted: wanted !== undefined,
    running: isReady ? wanted?.which : undefined,
    failure,
    /** @param count iterations (default: until the visitor pauses) */
    run: (which: Which = 'both', count = Infinity) => setWanted({ which, count }),
    // Before that, the start would no longer be the latest request.
    pause: stopAnd(() => isReady && send({ type: 'pause' })),
    step: (which: Which = 'both') => send({ type: 'step', which }),
    reset: stopAnd(start),
  };
}

export type Plane = ReturnType<typeof usePlane>;

/** The latest frame, the points of the charts of each track, and earlier frames. A slow screen skips frames. */
function useFrames(settings: readonly PlaneSettings[]) {
  const none = (): (readonly ChartPoint[])[] => settings.map(() => []);
  const [frame, setFrame] = useState(() => dataOnly(settings));
  const [points, setPoints] = useState(none);
  const history = useRef<PlaneFrame[]>([]);
  const pending = useRef({ frame, received: [] as PlaneFrame[], timer: 0, drawn: 0 }).current;
  const draw = (now: number): void => {
    setFrame(pending.frame);
    const isDue = now - pending.drawn >= CHART_MS;
    pending.timer = isDue ? 0 : requestAnimationFrame(draw);
    if (!isDue) return;
    pending.drawn = now;
    const added = pending.received.splice(0);
    setPoints((before) =>
      before.map((known, track) =>
        added.reduce(
          (all, each) => appendPoint(all, { step: iterationOfFrame(each), values: each.tracks[track]!.report }),
          known,
        ),
      ),
    );
  };
  const show = (received: PlaneFrame): void => {
    pending.frame = received;
    if (Object.keys(received.tracks[0]!.report).length > 0) {
      pending.received.push(received);
      history.current = appendFrame(history.current, received);
    }
    pending.timer ||= requestAnimationFrame(draw);
  };
  /** Starts again, with the first frame if there is one. */
  const replace = (first: PlaneFrame | undefined): void => {
    Object.assign(pending, { frame: first, received: [] });
    history.current = first ? [first] : [];
    setFrame(first);
    setPoints(none());
  };
  return { frame, points, history, show, replace };
}

/** The data, while the networks are compiled; undefined until there are some. */
function dataOnly(settings: readonly PlaneSettings[]): PlaneFrame | undefined {
  const none = new Float32Array(0);
  const tracks = settings.flatMap((each) => {
    const data = dataOf(each);
    if (data === undefined) return [];
    const { points: shown, labels } = shownPoints(data, each.seed);
    const view = { shown, labels, image: none, fakeCodes: none, realCodes: none, reconstructions: none, field: none };
    return [{ report: {}, view, pushes: [] }];
  });
  return tracks.length < settings.length
    ? undefined
    : { updates: { encoder: 0, generator: 0 }, moved: undefined, rate: 0, tracks };
}

/** Adds a frame. If there are too many, every second is dropped, but not the first. */
function appendFrame(frames: readonly PlaneFrame[], frame: PlaneFrame): PlaneFrame[] {
  const kept = frames.length < MAX_HISTORY ? frames : frames.filter((_, index) => index % 2 === 0);
  return [...kept, frame];
}
