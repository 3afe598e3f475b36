/** The image sizes that networks are trained on, and the default network and recipe of each. */
export const IMAGE_SIZES = [
  { size: 32, architecture: 'dcgan32', recipe: 'alternating' },
  { size: 64, architecture: 'dcgan64', recipe: 'simultaneous' },
  { size: 128, architecture: 'dcgan128', recipe: 'simultaneous' },
] as const;
