// Written by scripts/registries.mjs.
export * from './cosine.js';
export * from './norms.js';
