// Written by scripts/registries.mjs.
export * from './contrastive.js';
export * from './divergence.js';
export * from './reconstruction.js';
