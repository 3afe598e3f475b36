/** The image sizes that networks are trained on, and the default network of each. */
export const IMAGE_SIZES = [
  { size: 32, architecture: 'dcgan32' },
  { size: 64, architecture: 'dcgan64' },
  { size: 128, architecture: 'dcgan128' },
] as const;
