import { attribute } from '../../graph.ts';
import { type Layer, layerOf } from '../../layer.ts';
import type { NodeProto } from '../../model.ts';
import type { Shape } from '../../shapes/dims.ts';
import type { Inference } from '../../shapes/infer.ts';
import { domainOf } from '../../shapes/registry.ts';
import type { Wiring } from '../../wiring.ts';

/** A graph as it is, and what is known of its values. */
export interface View {
  wiring: Wiring;
  values: Inference['values'];
}

/** Channels of a value: the axes that hold them, row-major, the last the fastest. Axes of one element are left out. */
interface Channels {
  value: string;
  axes: readonly number[];
}

/** A layer that reads scaled channels, and the axis of its input that they are on. */
export interface Reader {
  layer: Layer;
  axis: number;
}

/** What `node` makes of channels that each have a factor above zero: the same, with the same factors. */
type Step = (node: NodeProto, channels: Channels, view: View) => readonly number[] | undefined;

const shapeOf = ({ values }: View, name: string | undefined): Shape | undefined => values.get(name ?? '')?.shape;

const sizesAt = (shape: Shape | undefined, axes: readonly number[]) => axes.map((axis) => shape?.[axis]);

/** Whether what a node makes has as many axes as the value, and those of the channels are as large. */
function keepsAxes(node: NodeProto, { value, axes }: Channels, view: View): boolean {
  const [from, to] = [shapeOf(view, value), shapeOf(view, node.output[0])];
  const sizes = sizesAt(to, axes);
  return from?.length === to?.length && sizesAt(from, axes).every((size, i) => size === sizes[i]);
}

const firstInput: Step = (node, channels, view) =>
  node.input[0] === channels.value && keepsAxes(node, channels, view) ? channels.axes : undefined;

/** Mul by whatever else: a product has the factors of either side. */
const anyInput: Step = (node, channels, view) => (keepsAxes(node, channels, view) ? channels.axes : undefined);

/** Within each channel of [N, C, …]. */
const pooling: Step = (node, channels, view) =>
  channels.axes.length === 1 && channels.axes[0] === 1 ? firstInput(node, channels, view) : undefined;

/** Only the rows of the second operand are summed; its columns and its batches stay apart. */
const mixing: Step = (node, channels, view) => {
  const rank = shapeOf(view, channels.value)?.length ?? 0;
  const apart = node.input[1] === channels.value && rank >= 2 && !channels.axes.includes(rank - 2);
  return apart && keepsAxes(node, channels, view) ? channels.axes : undefined;
};

const transposing: Step = (node, { axes, value }, view) => {
  const rank = shapeOf(view, value)?.length ?? 0;
  const given = (attribute(node, 'perm')?.ints ?? []).map(Number);
  const order = given.length > 0 ? given : [...Array(rank).keys()].reverse();
  return axes.map((axis) => order.indexOf(axis));
};

/** The last axes that hold `count` elements together, those of one element left out. */
function lastAxes(shape: Shape | undefined, count: number): number[] | undefined {
  if (!shape) return undefined;
  const found: number[] = [];
  let held = 1;
  for (let axis = shape.length - 1; axis >= 0 && held < count; axis--) {
    const size = shape[axis];
    if (typeof size !== 'number') return undefined;
    if (size !== 1) found.unshift(axis);
    held *= size;
  }
  return held === count ? found : undefined;
}

/** Channels that are the last axes of what is read are the last axes of what is made: the elements stay in order. */
const reshaping: Step = (node, { axes, value }, view) => {
  const shape = shapeOf(view, value);
  const count = axes.reduce((product, axis) => product * Number(shape?.[axis]), 1);
  const last = lastAxes(shape, count);
  const same = node.input[0] === value && last?.length === axes.length && last.every((axis, i) => axis === axes[i]);
  return same ? lastAxes(shapeOf(view, node.output[0]), count) : undefined;
};

const steps: Record<string, Step> = {
  ...{ Identity: firstInput, Relu: firstInput, LeakyRelu: firstInput, PRelu: firstInput, Mul: anyInput },
  ...{ MaxPool: pooling, AveragePool: pooling, GlobalAveragePool: pooling, GlobalMaxPool: pooling },
  ...{ Transpose: transposing, Reshape: reshaping, Flatten: reshaping, Squeeze: reshaping, Unsqueeze: reshaping },
  MatMul: mixing,
};

function stepOf({ opType = '', domain }: NodeProto): Step | undefined {
  // `opType` comes from a file: only what is our own counts.
  return domainOf(domain) === 'ai.onnx' && Object.hasOwn(steps, opType) ? steps[opType] : undefined;
}

/**
 * The layers that read a value on axis `axis`, at whatever distance, where a factor above zero on each of its channels
 * reaches them and nothing else; undefined where it would also reach something that can't take it back. What lies
 * between is positively homogeneous, channel by channel: activations such as Relu, pooling, products, and what only moves
 * elements, as attention does with its values.
 */
export function readersOf(view: View, value: string, axis: number): Reader[] | undefined {
  const found: Reader[] = [];
  const seen = new Set<NodeProto>();
  const count = shapeOf(view, value)?.[axis];
  if (typeof count !== 'number' || count < 2) return undefined;

  const reach = (channels: Channels): boolean => {
    const readers = view.wiring.readers(channels.value);
    if (readers.length === 0 || view.wiring.isOutput(channels.value)) return false;
    return readers.every((node) => {
      // Reached by two ways its output would have the square of the factors, or a mixture of two.
      if (seen.has(node) || node.input.filter((name) => name === channels.value).length !== 1) return false;
      seen.add(node);
      const layer = layerOf(view.wiring, node);
      if (layer?.input === channels.value) {
        const at = layer.channelAxis === 1 ? 1 : (shapeOf(view, channels.value)?.length ?? 0) - 1;
        if (channels.axes.length !== 1 || channels.axes[0] !== at || layer.inputs !== count) return false;
        found.push({ layer, axis: at });
        return true;
      }
      const axes = stepOf(node)?.(node, channels, view);
      return axes !== undefined && reach({ value: node.output[0] ?? '', axes });
    });
  };
  return reach({ value, axes: [axis] }) ? found : undefined;
}
