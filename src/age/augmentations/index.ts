// Written by scripts/registries.mjs.
export * from './color.js';
export * from './cutout.js';
export * from './translation.js';
