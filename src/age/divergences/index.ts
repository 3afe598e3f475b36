// Written by scripts/registries.mjs.
export * from './gaussian.js';
export * from './nearest.js';
