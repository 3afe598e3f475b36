export { channelsLast, fromBytes, type ImageBatch, imageOf, type Raster, toBytes } from './raster.js';
export { pairSheet, sheet, sheetOf, squareColumns } from './sheet.js';
