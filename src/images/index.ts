export { type Crop, CROPS, type Decoded, type DecodeOptions, type DecodingFailure } from './decoding.js';
export { type GridPlaces, gridMosaic, placeCrowd, placeOnGrid } from './mosaic.js';
export { padImage, paddedSize, type Padding, requirePaddable } from './padding.js';
export { channelsLast, fromBytes, type ImageBatch, imageOf, type Raster, toBytes } from './raster.js';
export { pairSheet, sheet, sheetOf, squareColumns } from './sheet.js';
