/** A tensor that a model takes or gives; sizes that the file leaves open are their names, or ''. */
export interface TensorInfo {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

/** A model that another program made. */
export interface OnnxModel {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * Runs the model on one float32 input and returns the named outputs.
   * @throws InputError where the model refuses, or an output is not float32
   */
  readonly run: (
    input: string,
    data: Float32Array,
    shape: readonly number[],
    outputs: readonly string[],
  ) => Promise<Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>>;
  readonly release: () => Promise<void>;
}
