import { loadModel } from 'agenet/node';

const model = await loadModel('runs/library');
const samples = await model.sample({ count: 16, seed: 7 });
await samples.toFile('samples.png');

const codes = await model.encode(['seven.png', 'one.png']); // Float32Array, [2, M]
console.log(`${codes.length / model.latentSize} codes of ${model.latentSize} dimensions`);
await model.release();
