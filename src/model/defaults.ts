/** Default values of sampling, interpolation and movement, for the library and for help. */
export const MODEL_DEFAULTS = {
  /** Number of samples. */
  count: 64,
  /** Spread of samples around the code of an image. */
  spread: 0.3,
  /** Images from one point of a path to the next. */
  frames: 10,
  /** Rows between random points, and points per row. */
  rows: 8,
  points: 2,
  /** Distance along an attribute: an angle in radians on the sphere. */
  by: 0.5,
} as const;
