/** Labels for readers of values in logs and evaluations. Settings declare theirs. */

export interface Label {
  label: string;
  meaning: string;
}

/** Of the log, without the network that a name begins with. */
export const LOG_LABELS = {
  match_x: {
    label: 'Reconstruction error',
    meaning: 'Distance between images and their reconstructions g(e(x)). Lower is better.',
  },
  match_z: {
    label: 'Code error',
    meaning: 'The term match_z of the losses: a distance between codes z and e(g(z)). Lower is better.',
  },
  match_z_cosine: {
    label: 'Code cosine',
    meaning: 'Cosine between codes z and the codes of their samples, e(g(z)). Near 1 is better.',
  },
  KL_real: {
    label: 'Divergence, images',
    meaning: 'Divergence of a batch of codes of images from uniform codes, including its lower bound.',
  },
  KL_fake: {
    label: 'Divergence, samples',
    meaning: 'Divergence of a batch of codes of samples from uniform codes, including its lower bound.',
  },
  KL_real_gap: {
    label: 'Excess divergence, images',
    meaning: 'Divergence of codes of images from uniform codes, above its lower bound. 0 if they are uniform.',
  },
  KL_fake_gap: {
    label: 'Excess divergence, samples',
    meaning: 'Divergence of codes of samples from uniform codes, above its lower bound. The networks compete for it.',
  },
  code_variance: {
    label: 'Variance of codes',
    meaning:
      'Variance of a batch of codes, relative to uniform codes: 1 if they fill the sphere, 0 if they gather in one place. Near 1 is better.',
  },
  uniform: {
    label: 'Uniformity',
    meaning: 'Closeness of the codes of images, also when the divergence is at its lower bound. Lower is better.',
  },
  align: {
    label: 'Alignment',
    meaning:
      'Distance between the codes of an image and of a distorted copy. Lower is better: codes then depend on content.',
  },
  loss: {
    label: 'Loss',
    meaning: 'The weighted sums that each network minimizes. The networks compete, so neither has to fall.',
  },
  grad_norm: { label: 'Gradient norm', meaning: 'Norms of the gradients. A sudden rise announces instability.' },
  iterations_per_second: { label: 'Speed (iterations/s)', meaning: 'Iterations per second. Higher is better.' },
  memory_mb: { label: 'Memory (MB)', meaning: 'Memory of the process in megabytes. It should stay constant.' },
  learning_rate: { label: 'Current learning rate', meaning: 'Learning rate of Adam, by its schedule.' },
} satisfies Record<string, Label>;

/** Of codes of images and of samples. */
const pair = (name: string, label: string) => ({
  [`${name}_real`]: `${label}, images`,
  [`${name}_fake`]: `${label}, samples`,
});

/** Of evaluations. Their catalog has the meanings. */
export const METRIC_LABELS: Record<string, string> = {
  completion_l1: 'Completion error (L1)',
  completion_l1_relative: 'Completion error, relative',
  completion_ssim: 'Completion SSIM',
  completion_diversity: 'Diversity of completions',
  reconstruction_l1: 'Test reconstruction error (L1)',
  reconstruction_mse: 'Test reconstruction error (MSE)',
  psnr: 'PSNR',
  ssim: 'SSIM',
  attribute_accuracy: 'Accuracy of attributes',
  attribute_correlation: 'Correlation of attributes',
  attributes_in_codes: 'Attributes in codes',
  condition_accuracy: 'Accuracy of classes',
  condition_in_codes: 'Classes in codes',
  fid: 'FID',
  fid_one_pass: 'FID, one pass',
  midpoint_fid: 'FID of midpoints',
  kid: 'KID',
  kid_std: 'KID, deviation',
  inception_score: 'Inception score',
  inception_score_std: 'Inception score, deviation',
  precision: 'Precision',
  precision_one_pass: 'Precision, one pass',
  recall: 'Recall',
  recall_one_pass: 'Recall, one pass',
  density: 'Density',
  coverage: 'Coverage',
  latent_cosine: 'Test code cosine',
  memorization_ratio: 'Memorization ratio',
  ...pair('divergence', 'Test divergence'),
  ...pair('divergence_gap', 'Test excess divergence'),
  ...pair('code_variance', 'Test variance of codes'),
  ...pair('effective_rank', 'Effective rank of codes'),
  ...pair('min_variance', 'Smallest variance'),
  ...pair('max_variance', 'Largest variance'),
  ...pair('mean_resultant_length', 'Length of the mean code'),
  ...pair('rayleigh', 'Rayleigh test'),
  ...pair('bingham', 'Bingham test'),
  ...pair('code_nn_distance', 'Distance to the nearest code'),
  code_nn_distance_prior: 'Distance to the nearest code, prior',
};
