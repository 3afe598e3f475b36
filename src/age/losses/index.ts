// Written by scripts/registries.mjs.
export * from './divergence.js';
export * from './reconstruction.js';
