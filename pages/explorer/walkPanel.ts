/** The walk between two images: a position to scrub, an animation, and the whole path. */
import type { Prior } from '../../src/age/prior.js';
import type { PageModel } from '../../src/export/pageModel.js';
import { codeBetween, sharedVariance } from '../../src/model/paths.js';
import { canvasOf, create, find, reportFailure } from './elements.js';
import type { Code, Networks, Point } from './networks.js';
import { drawImage } from './pixels.js';

/** Images in the strip, and milliseconds from one end to the other. */
const [STRIP, WALK_MS] = [9, 4000];

/**
 * The code at a position of the path between two codes. Between two images, its distance from codes of images is `distanceFromCodes`; an end that
 * is itself at a distance shares less variance with them.
 * @param position 0 at the first code, 1 at the second
 */
export function codeOnWalk(prior: Prior, from: Code, to: Code, position: number): Code {
  const code = codeBetween(prior, from.code, to.code, position);
  const distances = [from, to].map((end) => 1 - (1 - end.distance) * sharedVariance(code, end.code));
  return { code, distance: Math.min(...distances) };
}

/** Shows walks between the points that the returned function selects: the first is the start, the next the end, and so on. */
export function createWalk({ prior, shape }: PageModel, networks: Networks): (point: Point) => void {
  const ends: [Point?, Point?] = [];
  let side: 0 | 1 = 0;
  const sides = (['From', 'To'] as const).map((name, index) => {
    const button = create('button', { type: 'button', textContent: name, title: `Select what the walk ${index === 0 ? 'starts' : 'ends'} with` });
    button.addEventListener('click', () => activate(index as 0 | 1));
    return button;
  });
  const activate = (next: 0 | 1): void => {
    side = next;
    sides.forEach((button, index) => (button.ariaPressed = String(index === side)));
  };
  find('sides').append(...sides);
  activate(0);

  const position = find<HTMLInputElement>('position');
  const play = find<HTMLButtonElement>('play');
  const imageAt = (at: number): Promise<Float32Array> => networks.generate(codeOnWalk(prior, ends[0]!, ends[1]!, at));
  const showFrame = latestOf(async () => drawImage(find('frame'), await imageAt(position.valueAsNumber), shape));
  const showStrip = latestOf(async () => {
    const images: Float32Array[] = [];
    for (let index = 0; index < STRIP; index++) images.push(await imageAt(index / (STRIP - 1)));
    find('strip').replaceChildren(...images.map((image) => canvasOf(image, shape)));
  });
  position.addEventListener('input', showFrame);
  animate(play, position, showFrame);

  return (point) => {
    ends[side] = point;
    const button = sides[side]!;
    button.replaceChildren(button.firstChild!, canvasOf(point.image, shape));
    activate(side === 0 ? 1 : 0);
    if (!ends[0] || !ends[1]) return;
    position.disabled = play.disabled = false;
    showFrame();
    showStrip();
  };
}

/** Returns a function that starts an action, once more afterwards if it was called meanwhile. */
function latestOf(action: () => Promise<void>): () => void {
  let [running, again] = [false, false];
  const start = async (): Promise<void> => {
    do {
      again = false;
      await action();
    } while (again);
  };
  return () => {
    again = true;
    if (running) return;
    running = true;
    void start()
      .catch(reportFailure)
      .finally(() => (running = false));
  };
}

/** Moves the position back and forth until the button is pressed again, or the position is moved by hand. */
function animate(play: HTMLButtonElement, position: HTMLInputElement, onMove: () => void): void {
  let frame: number | undefined;
  const stop = (): void => {
    if (frame !== undefined) cancelAnimationFrame(frame);
    frame = undefined;
    play.textContent = 'Play';
  };
  const start = (): void => {
    const begin = performance.now() - position.valueAsNumber * WALK_MS;
    const move = (now: number): void => {
      // A triangle wave.
      const phase = ((now - begin) / WALK_MS) % 2;
      position.valueAsNumber = phase < 1 ? phase : 2 - phase;
      onMove();
      frame = requestAnimationFrame(move);
    };
    frame = requestAnimationFrame(move);
    play.textContent = 'Pause';
  };
  play.addEventListener('click', () => (frame === undefined ? start() : stop()));
  position.addEventListener('pointerdown', stop);
  position.addEventListener('keydown', stop);
}
