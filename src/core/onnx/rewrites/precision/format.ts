import type { Moments, Need, Observations } from '../../observe/observations.ts';
import type { Builder } from './builder.ts';
import type { Compensation } from './compensation.ts';
import type { Layer } from './layers.ts';
import type { WeightReader } from './weights.ts';
import type { Wiring } from './wiring.ts';

export interface PrecisionOptions {
  /**
   * Bits of INT8 weights. 7 keeps pairs of products inside 16 bits, on kernels that add them there and saturate: x86
   * without VNNI.
   */
  weightBits: 7 | 8;
  /** Scales of INT8 weights by their squared error instead of by the largest magnitude. */
  searchScales: boolean;
  /**
   * Weighs errors by the second moments of the inputs, and adds to biases what quantised weights lack on average
   * (Nagel et al. 2019, "Data-Free Quantization through Weight Equalization and Bias Correction"). Needs moments.
   */
  repair: boolean;
}

/** What a format writes with. */
export interface Writing {
  build: Builder;
  observed: Observations;
  wiring: Wiring;
  options: PrecisionOptions;
  weights: WeightReader;
  compensation: (moments: Moments) => Compensation;
}

/** One precision of one layer, written so that its own operators run it and no fusion has to find it. */
export interface Format {
  /** Whether the engine has a kernel for this layer in this format. */
  offers(layer: Layer): boolean;
  needs(layer: Layer, wiring: Wiring, options: PrecisionOptions): Need[];
  /** Writes the layer, from its FLOAT input to its FLOAT output. */
  write(layer: Layer, writing: Writing): void;
}
