/** agenet as a library: networks, the AGE game, data, pictures, and training without files. The engine alone is `agenet/engine`. */
export * from './age/index.js';
export * from './data/index.js';
export { InputError } from './errors.js';
export * from './evaluation/index.js';
export * from './images/index.js';
export * from './networks/index.js';
export * from './training/index.js';
