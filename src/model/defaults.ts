export const MODEL_DEFAULTS = {
  count: 64,
  /** Around the code of an image. */
  spread: 0.3,
  /** From one point of a path to the next. */
  frames: 10,
  /** Rows between random points, and points per row. */
  rows: 8,
  points: 2,
  /** An angle in radians on the sphere. */
  by: 0.5,
} as const;
