// Written by scripts/registries.mjs.
export * from './activation.js';
export * from './convolution.js';
export * from './linear.js';
export * from './normalization.js';
export * from './resampling.js';
export * from './residualBlock.js';
