import { loadModel } from 'agenet/node';
import sharp from 'sharp';

const model = await loadModel('runs/library');

const similar = await model.sample({ like: 'seven.png', spread: 0.2 });
await similar.toFile('similar.webp');

const rotated = await model.reconstruct(['seven.png', sharp('seven.png').rotate(90)]);
await rotated.toSharp(1).resize(256, 256, { kernel: 'nearest' }).toFile('rotated.png');

const path = await model.interpolate(['one.png', 'seven.png'], { frames: 16 });
await path.toFile('path.png');

const halfway = path.toRasters()[8];
console.log(halfway.width, halfway.height, halfway.channels, halfway.data);
await model.release();
