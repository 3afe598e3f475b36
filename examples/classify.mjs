import { loadModel } from 'agenet/node';

const model = await loadModel('runs/library');
const [seven] = await model.classify('seven.png');
console.log(`${seven.class} (${(100 * seven.probability).toFixed(0)}%)`);
await model.release();
