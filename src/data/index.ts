export { type CifarKind, decodeCifar } from './formats/cifar.js';
export { encodeNpy, encodeNpz, type NumpyArray } from './formats/encodeNumpy.js';
export { decodeIdx, type IdxArray } from './formats/idx.js';
export { decodeIdxImages, type NamedBytes } from './formats/idxImages.js';
export type { LabelledImages } from './formats/labelledImages.js';
export { EpochSampler } from './sampler.js';
export { firstImages, gatherImages, type ImageSource, type Split, splitInMemory } from './source.js';
