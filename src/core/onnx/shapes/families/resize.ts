import { type Dim, isKnown, multiply, type Shape, unknownDim } from '../dims.ts';
import { type Rule, type Rules, type Site, unknown, value } from '../value.ts';

/** floor(size · scale); a scale that is whole keeps a name. */
function scaled(size: Dim, scale: Dim | undefined): Dim {
  if (scale === undefined || !isKnown(scale)) return unknownDim;
  if (isKnown(size)) return Math.floor(size * scale);
  return Number.isInteger(scale) ? multiply(size, scale) : unknownDim;
}

/** Sizes under `keep_aspect_ratio_policy`: one scale for all axes, rounded half up (ONNX, Resize-18). */
function keepingAspect(input: Shape, axes: readonly number[], sizes: readonly Dim[], policy: string): Shape {
  const ratios = axes.map((axis, index) => Number(sizes[index]) / Number(input[axis]));
  const scale = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return input.map((size, axis) => {
    if (!axes.includes(axis)) return size;
    return isKnown(size) && Number.isFinite(scale) ? Math.floor(size * scale + 0.5) : unknownDim;
  });
}

const resize: Rule = (site) => {
  const input = site.shape();
  if (!input) return [unknown(site.type())];
  const named = site.ints('axes');
  const axes = named?.map((axis) => site.axis(axis, input.length)) ?? input.map((_, axis) => axis);
  const [scalesAt, sizesAt] = site.opset < 11 ? [1, undefined] : [2, 3];
  const sizes = sizesAt === undefined ? undefined : site.elements(sizesAt);
  const policy = site.text('keep_aspect_ratio_policy', 'stretch');
  if (sizes?.length && policy !== 'stretch') return [value(site.type(), keepingAspect(input, axes, sizes, policy))];
  return [value(site.type(), resized(site, input, axes, sizes, site.elements(scalesAt)))];
};

function resized(
  site: Site,
  input: Shape,
  axes: readonly number[],
  sizes: readonly Dim[] | undefined,
  scales: readonly Dim[] | undefined,
): Shape {
  const asked = sizes?.length ? sizes : scales?.length ? scales : undefined;
  if (!asked) return input.map((size, axis) => (axes.includes(axis) ? unknownDim : size));
  if (asked.length !== axes.length) throw site.error(`${asked.length} sizes or scales for ${axes.length} axes`);
  const shape = [...input];
  for (const [index, axis] of axes.entries()) {
    shape[axis] = sizes?.length ? (sizes[index] ?? 1) : scaled(shape[axis] ?? 1, scales?.[index]);
  }
  return shape;
}

const upsample: Rule = (site) => {
  const input = site.shape();
  const scales = site.has(1) ? site.elements(1) : site.floats('scales');
  return [
    value(
      site.type(),
      input &&
        resized(
          site,
          input,
          input.map((_, axis) => axis),
          undefined,
          scales,
        ),
    ),
  ];
};

/** X [N, C, …], grid [N, …, 2 or 3] → [N, C, …]. */
const gridSample: Rule = (site) => {
  const [input, grid] = [site.shape(), site.shape(1)];
  return [value(site.type(), input && grid && [...input.slice(0, 2), ...grid.slice(1, -1)])];
};

const roiAlign: Rule = (site) => {
  const [, channels = unknownDim] = site.shape() ?? [];
  const [regions = unknownDim] = site.shape(1) ?? [];
  return [value(site.type(), [regions, channels, site.int('output_height', 1), site.int('output_width', 1)])];
};

const affineGrid: Rule = (site) => {
  const size = site.elements(1);
  if (!size) return [unknown(site.type())];
  return [value(site.type(), [size[0] ?? 1, ...size.slice(2), size.length - 2])];
};

export const resizing: Rules = {
  Resize: resize,
  Upsample: upsample,
  GridSample: gridSample,
  RoiAlign: roiAlign,
  AffineGrid: affineGrid,
};
