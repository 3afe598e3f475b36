import { gradients, graphOf, input, matMul, meanOf, mul, nextName, square, StatefulProgram, sub } from 'agenet/engine';
import { compile } from 'agenet/native';

// Fits y = x w by gradient descent.
const [x, y, w] = [input('x', [4, 1]), input('y', [4, 1]), input('w', [1, 1])];
const loss = meanOf(square(sub(matMul(x, w), y)));
const [gradient] = gradients(loss, [w]);
const graph = graphOf({ loss, [nextName('w')]: sub(w, mul(gradient, 0.05)) });

const program = new StatefulProgram(await compile(graph), { w: Float32Array.of(0) });
for (let step = 0; step < 50; step++)
  await program.step({ x: Float32Array.of(1, 2, 3, 4), y: Float32Array.of(2, 4, 6, 8) });
const { w: found } = await program.readState();
console.log(`w = ${found[0].toFixed(3)}`); // w = 2.000
await program.release();
