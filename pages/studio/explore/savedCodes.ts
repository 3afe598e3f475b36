/** Files of codes. */
import { download } from '../../components/files.js';
import type { Code } from '../../components/networks.js';
import type { ExploredModel } from './model.js';

/**
 * Saves codes as JSON. Codes of the prior `sphere` have norm 1, up to rounding.
 * @param name of the file, without its extension
 * @example
 * { "format": "agenet codes 1", "name": "mnist-1, iteration 2000", "iteration": 2000, "prior": "sphere", "codes": [{
 * "name": "sample 3 of seed 0", "distance": 1, "code": [0.12, -0.05] }] }
 */
export function saveCodes(
  { info, step }: ExploredModel,
  codes: readonly (Code & { name: string })[],
  name: string,
): void {
  const file = {
    format: 'agenet codes 1',
    name: info.name,
    iteration: step,
    prior: info.prior,
    codes: codes.map((each) => ({ name: each.name, distance: each.distance, code: Array.from(each.code) })),
  };
  download(new Blob([`${JSON.stringify(file, null, 2)}\n`], { type: 'application/json' }), `${name}.json`);
}
