import { broadcast } from '../broadcast.ts';
import {
  add,
  allKnown,
  count,
  type Dim,
  divideExactly,
  isKnown,
  multiply,
  type Shape,
  showShape,
  unknownDim,
} from '../dims.ts';
import { broadcastReader, fill, flatIndex, strides } from '../indexing.ts';
import { type Rule, type Rules, type Site, unknown, unknownShape, value } from '../value.ts';

/** The same elements in another shape. */
const view = (site: Site, shape: Shape | undefined) => [value(site.type(), shape, site.elements())];

/** A shape that is computed in the graph: what is known of its entries. */
function shapeInput(site: Site, index: number): Shape | undefined {
  const found = site.elements(index);
  if (found) return found;
  const [rank] = site.shape(index) ?? [];
  return rank !== undefined && isKnown(rank) && rank <= 64 ? unknownShape(rank) : undefined;
}

const reshape: Rule = (site) => {
  const input = site.shape();
  const target = site.has(1) ? shapeInput(site, 1) : site.ints('shape');
  if (!target) return view(site, undefined);
  const copies = site.int('allowzero', 0) === 0;
  const sizes = target.map((size, axis): Dim => {
    if (size !== 0 || !copies) return size;
    if (input && axis >= input.length)
      throw site.error(`axis ${axis} of ${showShape(input)} does not exist to be copied`);
    return input?.[axis] ?? unknownDim;
  });
  const open = sizes.flatMap((size, axis) => (size === -1 || size === unknownDim ? [axis] : []));
  if (sizes.filter((size) => size === -1).length > 1) throw site.error('more than one axis is to be inferred');
  const fixed = count(sizes.filter((_, axis) => !open.includes(axis)));
  if (open.length === 1 && input) {
    const whole = count(input);
    const rest = divideExactly(whole, fixed);
    if (rest === undefined && isKnown(whole) && isKnown(fixed) && fixed !== 0) {
      throw site.error(`${whole} elements of ${showShape(input)} do not fill ${showShape(target)}`);
    }
    return view(site, sizes.with(open[0] ?? 0, rest ?? unknownDim));
  }
  if (open.length === 0 && input && allKnown(input) && isKnown(fixed) && count(input) !== fixed) {
    throw site.error(`${count(input)} elements of ${showShape(input)} do not fill ${showShape(target)}`);
  }
  return view(
    site,
    sizes.map((size) => (size === -1 ? unknownDim : size)),
  );
};

const transpose: Rule = (site) => {
  const input = site.shape();
  const order = site.ints('perm') ?? input?.map((_, axis) => axis).toReversed();
  if (!input || !order) return [value(site.type(), order && unknownShape(order.length))];
  if (order.length !== input.length || new Set(order).size !== order.length) {
    throw site.error(`perm [${order}] is no order of the ${input.length} axes`);
  }
  const shape = order.map((axis) => input[site.axis(axis, input.length)] ?? 1);
  const elements = site.elements();
  if (!elements || !allKnown(shape) || !allKnown(input)) return [value(site.type(), shape)];
  const steps = strides(input);
  const moved = order.map((axis) => steps[axis] ?? 0);
  return [
    value(
      site.type(),
      shape,
      fill(shape, (index) => elements[flatIndex(index, moved)]),
    ),
  ];
};

const squeeze: Rule = (site) => {
  const input = site.shape();
  const axes = site.axes(1);
  if (!input || axes === 'unknown') return [unknown(site.type())];
  if (!axes) return view(site, input.every(isKnown) ? input.filter((size) => size !== 1) : undefined);
  const dropped = axes.map((axis) => site.axis(axis, input.length));
  for (const axis of dropped) {
    const size = input[axis] ?? 1;
    if (isKnown(size) && size !== 1) throw site.error(`axis ${axis} of ${showShape(input)} is not 1`);
  }
  return view(
    site,
    input.filter((_, axis) => !dropped.includes(axis)),
  );
};

const unsqueeze: Rule = (site) => {
  const input = site.shape();
  const axes = site.axes(1);
  if (!input || axes === 'unknown' || !axes) return [unknown(site.type())];
  const rank = input.length + axes.length;
  const added = new Set(axes.map((axis) => site.axis(axis, rank)));
  if (added.size < axes.length) throw site.error(`axes [${axes}] name one twice`);
  const rest = [...input];
  return view(
    site,
    Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.shift() ?? 1))),
  );
};

const flatten: Rule = (site) => {
  const input = site.shape();
  if (!input) return view(site, unknownShape(2));
  const axis = site.int('axis', 1);
  const at = axis === input.length ? axis : site.axis(axis, Math.max(input.length, 1));
  return view(site, [count(input.slice(0, at)), count(input.slice(at))]);
};

const expand: Rule = (site) => {
  const [input, target] = [site.shape(), shapeInput(site, 1)];
  if (!input || !target) return [unknown(site.type())];
  const shape = broadcast(site, [input, target]);
  const elements = site.elements();
  const known = elements && allKnown(shape) && allKnown(input) && fill(shape, broadcastReader(input, elements));
  return [value(site.type(), shape, known || undefined)];
};

const tile: Rule = (site) => {
  const [input, repeats] = [site.shape(), site.elements(1)];
  if (!input) return [unknown(site.type())];
  const shape = input.map((size, axis) => multiply(size, repeats?.[axis] ?? unknownDim));
  const elements = site.elements();
  if (!elements || !allKnown(shape) || !allKnown(input)) return [value(site.type(), shape)];
  const steps = strides(input);
  const within = (index: readonly number[]) => index.map((position, axis) => position % (input[axis] ?? 1));
  return [
    value(
      site.type(),
      shape,
      fill(shape, (index) => elements[flatIndex(within(index), steps)]),
    ),
  ];
};

const pad: Rule = (site) => {
  const input = site.shape();
  if (!input) return [unknown(site.type())];
  const pads = site.has(1) ? site.elements(1) : (site.ints('pads') ?? site.ints('paddings'));
  const named = site.axes(3, '');
  if (!pads || named === 'unknown') return [value(site.type(), unknownShape(input.length))];
  const axes = named?.map((axis) => site.axis(axis, input.length)) ?? input.map((_, axis) => axis);
  if (pads.length !== axes.length * 2) throw site.error(`${pads.length} pads for ${axes.length} axes`);
  const shape = [...input];
  for (const [index, axis] of axes.entries()) {
    shape[axis] = add(shape[axis] ?? 1, add(pads[index] ?? 0, pads[index + axes.length] ?? 0));
  }
  return [value(site.type(), shape)];
};

const blockSize = (site: Site): number => {
  const size = site.int('blocksize', 0);
  if (size < 1) throw site.error(`blocksize ${size} is not above 0`);
  return size;
};

const depthToSpace: Rule = (site) => {
  const block = blockSize(site);
  const [batch = 1, channels = 1, ...spatial] = site.shape() ?? unknownShape(4);
  const left = divideExactly(channels, block ** 2) ?? unknownDim;
  return [value(site.type(), [batch, left, ...spatial.map((size) => multiply(size, block))])];
};

const spaceToDepth: Rule = (site) => {
  const block = blockSize(site);
  const [batch = 1, channels = 1, ...spatial] = site.shape() ?? unknownShape(4);
  const left = spatial.map((size) => divideExactly(size, block) ?? unknownDim);
  return [value(site.type(), [batch, multiply(channels, block ** 2), ...left])];
};

const cropPad: Rule = (site) => {
  const input = site.shape();
  const axes = site.ints('axes');
  const sizes = site.elements(1);
  if (!input || !sizes) return [value(site.type(), input && unknownShape(input.length))];
  const shape = [...input];
  for (const [index, size] of sizes.entries()) shape[site.axis(axes?.[index] ?? index, input.length)] = size;
  return [value(site.type(), shape)];
};

export const layout: Rules = {
  Reshape: reshape,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Flatten: flatten,
  Expand: expand,
  Tile: tile,
  Pad: pad,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  CenterCropPad: cropPad,
};
