/** Code in a model card that draws samples, encodes them and reconstructs them. */
import type { Shape } from '../engine/index.js';
import type { Prior } from '../age/prior.js';
import type { NetworkFile } from './networkFiles.js';

export interface SnippetSubject {
  latent: number;
  prior: Prior;
  /** Shape of a condition. */
  condition?: Shape | undefined;
  files: Partial<Record<NetworkFile, unknown>>;
}

/** Only of samples of the prior. */
const PRIOR_REMARK = 'Samples are cleaner if they are reconstructed, as in samples.png.';

export function pythonSnippet({ latent, prior, condition, files }: SnippetSubject): string {
  const load = (file: NetworkFile) => `${file} = ort.InferenceSession("${file}.onnx")`;
  const given = condition ? ', "condition": condition' : '';
  const isVector = condition?.length === 1;
  const decode = (codes: string) =>
    files.decoder
      ? `decoder.run(None, {"codes": ${codes}, "distance": np.zeros(1, np.float32)${given}})`
      : `generator.run(None, {"codes": ${codes}${given}})`;
  const lines = [
    'import numpy as np',
    'import onnxruntime as ort',
    '',
    ...(files.sampler && files.decoder ? [] : [load('generator')]),
    ...(files.decoder ? [load('decoder')] : []),
    load('encoder'),
    'random = np.random.default_rng(0)',
    `noise = random.standard_normal((16, ${latent})).astype(np.float32)`,
    ...(condition ? [`condition = np.zeros((16, ${condition.join(', ')}), np.float32)`] : []),
    ...(isVector ? ['condition[:, 0] = 1'] : []),
    ...(files.sampler
      ? [
          load('sampler'),
          'uniform = random.random((16, 3)).astype(np.float32)',
          `[latent] = sampler.run(None, {"uniform": uniform, "noise": noise${given}})`,
          `[images] = ${decode('latent')}`,
        ]
      : [
          prior === 'sphere' ? 'latent = noise / np.linalg.norm(noise, axis=1, keepdims=True)' : 'latent = noise',
          `[images] = generator.run(None, {"codes": latent${given}})`,
        ]),
    '',
    `[codes] = encoder.run(None, {"images": images${given}})`,
    ...(files.sampler ? [] : [`# ${PRIOR_REMARK}`]),
    `[reconstructions] = ${decode('codes')}`,
    'print(images.shape, codes.shape, reconstructions.shape)',
  ];
  return lines.join('\n');
}

export function javascriptSnippet({ latent, prior, condition, files }: SnippetSubject): string {
  const load = (file: NetworkFile) => `const ${file} = await ort.InferenceSession.create('${file}.onnx');`;
  const given = condition ? ', condition' : '';
  const numbers = condition?.reduce((product, side) => product * side, 1);
  const first = condition?.length === 1 ? `(_, index) => (index % ${numbers} === 0 ? 1 : 0)` : '() => 0';
  const decode = (codes: string) =>
    files.decoder ? `decoder.run({ ${codes}, distance${given} })` : `generator.run({ ${codes}${given} })`;
  const lines = [
    "import * as ort from 'onnxruntime-node'; // in a web page: 'onnxruntime-web'",
    '',
    ...(files.sampler && files.decoder ? [] : [load('generator')]),
    ...(files.decoder ? [load('decoder'), "const distance = new ort.Tensor('float32', [0], [1]);"] : []),
    load('encoder'),
    'const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());',
    `const noise = Float32Array.from({ length: 16 * ${latent} }, normal);`,
    ...(condition
      ? [
          `const chosen = Float32Array.from({ length: 16 * ${numbers} }, ${first});`,
          `const condition = new ort.Tensor('float32', chosen, [16, ${condition.join(', ')}]);`,
        ]
      : []),
    ...(files.sampler
      ? [
          load('sampler'),
          "const uniform = new ort.Tensor('float32', Float32Array.from({ length: 48 }, Math.random), [16, 3]);",
          `const drawn = { uniform, noise: new ort.Tensor('float32', noise, [16, ${latent}])${given} };`,
          'const { codes: latent } = await sampler.run(drawn);',
          `const { images } = await ${decode('codes: latent')};`,
        ]
      : [
          ...(prior === 'sphere' ? normalization(latent) : []),
          `const latent = new ort.Tensor('float32', noise, [16, ${latent}]);`,
          `const { images } = await generator.run({ codes: latent${given} });`,
        ]),
    '',
    `const { codes } = await encoder.run({ images${given} });`,
    ...(files.sampler ? [] : [`// ${PRIOR_REMARK}`]),
    `const { images: reconstructions } = await ${decode('codes')};`,
    'console.log(images.dims, codes.dims, reconstructions.dims);',
  ];
  return lines.join('\n');
}

const normalization = (latent: number) => [
  `for (let start = 0; start < noise.length; start += ${latent}) {`,
  `  const code = noise.subarray(start, start + ${latent});`,
  '  const norm = Math.hypot(...code);',
  '  code.forEach((value, index) => (code[index] = value / norm));',
  '}',
];
