// Written by scripts/registries.mjs.
export * from './dcgan32.js';
export * from './dcgan64.js';
