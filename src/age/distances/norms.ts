import { abs, meanOf, square, sub } from '../../engine/index.js';
import type { Distance } from '../terms.js';

/** mean |a - b|. */
export const L1: Distance = (a, b) => meanOf(abs(sub(a, b)));

/** mean (a - b)^2. */
export const L2: Distance = (a, b) => meanOf(square(sub(a, b)));
