// Written by scripts/registries.mjs.
export * from './alignment.js';
export * from './divergence.js';
export * from './reconstruction.js';
export * from './uniform.js';
