/** The used part of gifenc, which has no declarations. */
declare module 'gifenc' {
  export type Palette = number[][];
  export interface Encoder {
    /** Appends a frame of color indices [H, W]. */
    writeFrame(
      indices: Uint8Array,
      width: number,
      height: number,
      options: { readonly palette: Palette; readonly delay: number },
    ): void;
    finish(): void;
    bytes(): Uint8Array<ArrayBuffer>;
  }
  export function GIFEncoder(): Encoder;
  /** Chooses colors for pixels RGBA. */
  export function quantize(pixels: Uint8ClampedArray, maxColors: number): Palette;
  export function applyPalette(pixels: Uint8ClampedArray, palette: Palette): Uint8Array;
}
