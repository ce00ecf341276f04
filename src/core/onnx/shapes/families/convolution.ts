import { DataType } from '../../tensor-data/element-types.ts';
import { add, type Dim, divideDown, divideUp, isKnown, multiply, type Shape, subtract } from '../dims.ts';
import { type Rule, type Rules, rulesFor, type Site, unknown, unknownShape, value } from '../value.ts';

/** Window attributes, one entry a spatial axis. */
interface Window {
  kernel: readonly Dim[];
  strides: number[];
  dilations: number[];
  /** All begins, then all ends. */
  pads: number[];
  autoPad: string;
}

function windowOf(site: Site, kernel: readonly Dim[]): Window {
  const rank = kernel.length;
  const list = (name: string, length: number, fallback: number) => {
    const found = site.ints(name) ?? [];
    if (found.length === 0) return new Array<number>(length).fill(fallback);
    if (found.length !== length) throw site.error(`${name} has ${found.length} entries where ${length} belong`);
    return found;
  };
  const strides = list('strides', rank, 1);
  if (strides.some((stride) => stride < 1)) throw site.error(`strides [${strides}] are not all above 0`);
  const dilations = list('dilations', rank, 1);
  return { kernel, strides, dilations, pads: list('pads', 2 * rank, 0), autoPad: site.text('auto_pad', 'NOTSET') };
}

/** Spatial sizes of a convolution or pooling: floor or ceil of (in + pads − extent)/stride, plus 1 (ONNX, Conv, MaxPool). */
function slide(site: Site, spatial: Shape, window: Window, ceil = false): Shape {
  return spatial.map((size, axis) => {
    const [stride = 1, dilation = 1] = [window.strides[axis], window.dilations[axis]];
    if (window.autoPad.startsWith('SAME')) return divideUp(size, stride);
    const valid = window.autoPad === 'VALID';
    const begin = valid ? 0 : (window.pads[axis] ?? 0);
    const end = valid ? 0 : (window.pads[axis + spatial.length] ?? 0);
    const extent = add(multiply(add(window.kernel[axis] ?? 1, -1), dilation), 1);
    const room = subtract(add(size, begin + end), extent);
    if (isKnown(room) && room < 0) {
      throw site.error(`a window of ${extent} does not fit into ${size} with padding ${begin} and ${end}`);
    }
    if (!ceil) return add(divideDown(room, stride), 1);
    const last = divideUp(room, stride);
    // The last window must start inside the input or the padding before it.
    const past = isKnown(last) && isKnown(size) && last * stride >= size + begin;
    return past ? last : add(last, 1);
  });
}

/** The kernel's spatial sizes: the attribute, or those of the weights. */
function kernelOf(site: Site, weights: Shape | undefined, spatial: number): readonly Dim[] | undefined {
  const kernel = site.ints('kernel_shape') ?? weights?.slice(2);
  if (!kernel || (kernel.length === 0 && spatial > 0)) return undefined;
  if (kernel.length !== spatial) throw site.error(`a kernel of rank ${kernel.length} over ${spatial} spatial axes`);
  return kernel;
}

const spatialOf = (site: Site, input: Shape): Shape => {
  if (input.length < 3) throw site.error(`an input of rank ${input.length} has no spatial axes`);
  return input.slice(2);
};

const convolution =
  (weightsAt: number, type: (site: Site) => number): Rule =>
  (site) => {
    const [input, weights] = [site.shape(0), site.shape(weightsAt)];
    if (!input) return [unknown(type(site))];
    const spatial = spatialOf(site, input);
    const kernel = kernelOf(site, weights, spatial.length);
    if (!weights || !kernel) return [value(type(site), [input[0] ?? 1, ...unknownShape(input.length - 1)])];
    checkChannels(site, input, weights);
    const sizes = slide(site, spatial, windowOf(site, kernel));
    return [value(type(site), [input[0] ?? 1, weights[0] ?? 1, ...sizes])];
  };

function checkChannels(site: Site, input: Shape, weights: Shape): void {
  if (weights.length !== input.length) throw site.error(`weights of rank ${weights.length} for rank ${input.length}`);
  const [channels, perGroup] = [input[1] ?? 1, multiply(weights[1] ?? 1, site.int('group', 1))];
  if (isKnown(channels) && isKnown(perGroup) && channels !== perGroup) {
    throw site.error(`the input has ${channels} channels, the weights take ${perGroup}`);
  }
}

const transposed: Rule = (site) => {
  const [input, weights] = [site.shape(0), site.shape(1)];
  if (!input) return [unknown(site.type())];
  const spatial = spatialOf(site, input);
  const kernel = kernelOf(site, weights, spatial.length);
  if (!weights || !kernel) return [value(site.type(), [input[0] ?? 1, ...unknownShape(input.length - 1)])];
  const window = windowOf(site, kernel);
  const extra = site.ints('output_padding') ?? [];
  const asked = site.ints('output_shape')?.slice(-spatial.length);
  const sizes = spatial.map((size, axis): Dim => {
    const stride = window.strides[axis] ?? 1;
    if (asked?.length) return asked[axis] ?? 1;
    if (window.autoPad.startsWith('SAME')) return multiply(size, stride);
    const padding =
      window.autoPad === 'VALID' ? 0 : (window.pads[axis] ?? 0) + (window.pads[axis + spatial.length] ?? 0);
    const extent = add(multiply(add(window.kernel[axis] ?? 1, -1), window.dilations[axis] ?? 1), 1);
    return add(add(multiply(size, stride), extent), (extra[axis] ?? 0) - padding - stride);
  });
  return [value(site.type(), [input[0] ?? 1, multiply(weights[1] ?? 1, site.int('group', 1)), ...sizes])];
};

const pooling: Rule = (site) => {
  const input = site.shape();
  if (!input) return [unknown(site.type()), unknown(DataType.INT64)];
  const spatial = spatialOf(site, input);
  const kernel = kernelOf(site, undefined, spatial.length);
  if (!kernel) throw site.error('kernel_shape is missing');
  const sizes = slide(site, spatial, windowOf(site, kernel), site.int('ceil_mode', 0) === 1);
  const shape = [...input.slice(0, 2), ...sizes];
  return [value(site.type(), shape), value(DataType.INT64, shape)];
};

const globalPooling: Rule = (site) => {
  const input = site.shape();
  return [value(site.type(), input && [...input.slice(0, 2), ...spatialOf(site, input).map(() => 1)])];
};

const unpooling: Rule = (site) => {
  const input = site.shape();
  const asked = site.elements(2);
  if (!input || site.has(2)) return [value(site.type(), asked ?? (input && unknownShape(input.length)))];
  const spatial = spatialOf(site, input);
  const window = windowOf(site, site.ints('kernel_shape') ?? spatial.map(() => 1));
  const sizes = spatial.map((size, axis) => {
    const padding = (window.pads[axis] ?? 0) + (window.pads[axis + spatial.length] ?? 0);
    return add(multiply(add(size, -1), window.strides[axis] ?? 1), subtract(window.kernel[axis] ?? 1, padding));
  });
  return [value(site.type(), [...input.slice(0, 2), ...sizes])];
};

const zeroPointType = (index: number) => (site: Site) => site.type(index);

export const convolutions: Rules = {
  Conv: convolution(1, zeroPointType(0)),
  DeformConv: convolution(1, zeroPointType(0)),
  ConvInteger: convolution(1, () => DataType.INT32),
  QLinearConv: convolution(3, zeroPointType(7)),
  ConvTranspose: transposed,
  ...rulesFor('MaxPool AveragePool LpPool', pooling),
  ...rulesFor('GlobalAveragePool GlobalMaxPool GlobalLpPool', globalPooling),
  MaxUnpool: unpooling,
};
