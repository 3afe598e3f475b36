import { type Architecture, BY_TWO, createPair, downsampling, upsampling } from '../dcgan.js';
import { conv, globalAveragePool, tanh } from '../layers/index.js';

/** The networks of the published AGE code for 32x32 images. */
export const dcgan32: Architecture = {
  imageSize: 32,
  build: (options) => {
    const { channels, latentSize, width: n } = options;
    return createPair(32, options, {
      encoder: {
        ...downsampling(channels, [n, 2 * n, 4 * n]),
        conv4: conv(4 * n, latentSize, { ...BY_TWO, bias: true }),
        pool: globalAveragePool(),
      },
      generator: {
        ...upsampling(latentSize, [8 * n, 4 * n, 2 * n, 2 * n]),
        conv5: conv(2 * n, channels, { kernel: 1, bias: true }),
        output: tanh(),
      },
    });
  },
};
