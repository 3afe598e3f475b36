import { type Architecture, BY_FOUR, BY_TWO, createPair, downsampling, upsampling } from '../dcgan.js';
import { conv, convTranspose, tanh } from '../layers/index.js';

/** The networks of the published AGE code for 64x64 images. */
export const dcgan64: Architecture = {
  imageSize: 64,
  build: (options) => {
    const { channels, latentSize, width: n } = options;
    return createPair(64, options, {
      encoder: {
        ...downsampling(channels, [n, 2 * n, 4 * n, 8 * n]),
        conv5: conv(8 * n, latentSize, { ...BY_FOUR, bias: true }),
      },
      generator: {
        ...upsampling(latentSize, [8 * n, 4 * n, 2 * n, n]),
        conv5: convTranspose(n, channels, BY_TWO),
        output: tanh(),
      },
    });
  },
};
