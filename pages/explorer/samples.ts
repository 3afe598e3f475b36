/** Samples of the prior and their images. */
import { drawCodes } from '../../src/age/prior.js';
import type { PageModel } from '../../src/export/pageModel.js';
import { randomStream } from '../../src/random.js';
import { create, find, reportFailure, tileOf } from './elements.js';
import type { Networks, Point } from './networks.js';

const COUNT = 24;

/** Reserves the area of the samples, so that nothing moves when they appear. */
export const reserveSamples = (): void => find('samples').replaceChildren(...Array.from({ length: COUNT }, () => create('div', { className: 'tile' })));

/**
 * Shows samples, and others whenever the button is pressed: those of `agenet sample` for the seeds 0, 1, 2 and so on. The first two are selected.
 */
export async function showSamples({ prior, latent, shape }: PageModel, networks: Networks, onSelect: (point: Point) => void): Promise<void> {
  let seed = 0;
  const show = async (): Promise<void> => {
    const asked = seed++;
    const codes = drawCodes(prior, COUNT, latent, randomStream(asked, 'samples'));
    const tiles: HTMLButtonElement[] = [];
    for (let index = 0; index < COUNT; index++) {
      const code = codes.slice(index * latent, (index + 1) * latent);
      const point = { code, distance: 1, image: await networks.generate({ code, distance: 1 }) };
      tiles.push(tileOf(point, shape, `Sample ${index + 1}: select for the walk`, onSelect));
      if (asked === 0 && index < 2) onSelect(point);
    }
    // Older samples stay until all are there, so that nothing moves.
    find('samples').replaceChildren(...tiles);
  };
  await show();
  const button = find<HTMLButtonElement>('resample');
  button.addEventListener('click', () => void show().catch(reportFailure));
  button.disabled = false;
}
