import { makeNode, setInitializer } from '../../graph.ts';
import { copy, type Model, ModelError, type NodeProto } from '../../model.ts';
import { isKnown, type Shape, sameDim } from '../../shapes/dims.ts';
import { type Inference, inferShapes, opsetOf } from '../../shapes/infer.ts';
import { domainOf } from '../../shapes/registry.ts';
import { DataType, tensor } from '../../tensors.ts';
import { canRename, freshName, settle, Wiring } from '../../wiring.ts';
import { changes, needsNothing, type Rewrite, type Site } from '../rewrite.ts';

/** Shares of the input's size that are offered, where they are whole multiples of `multiple` pixels. */
const shares = [4, 5, 6, 7].map((eighths) => eighths / 8);
const multiple = 4;

/**
 * Operators that do the same at any resolution, as far as inference finds their shapes to fit; the last three end what
 * depends on it.
 */
const anySize = new Set(
  (
    'Conv BatchNormalization Relu LeakyRelu PRelu Clip Sigmoid HardSigmoid HardSwish Tanh Elu Selu Softplus Mish Gelu Erf ' +
    'Swish Add Sub Mul Div Max Min Concat Split MaxPool AveragePool Identity Dropout Cast InstanceNormalization ' +
    'Pad GlobalAveragePool GlobalMaxPool ReduceMean'
  ).split(' '),
);

interface Place {
  input: string;
  /** Pixels of the last axis. */
  width: number;
  height: number;
  widths: number[];
}

const same = (a: Shape | undefined, b: Shape | undefined) =>
  !!a && a.length === b?.length && a.every((size, axis) => sameDim(size, b[axis] ?? '?'));

function resized(model: Model, { input }: Place, share: number): Model {
  const result = copy(model);
  const { graph } = result;
  const small = freshName(graph, `${input}.resized`);
  for (const node of graph.node) node.input = node.input.map((name) => (name === input ? small : name));
  const scales = freshName(graph, `${input}.scales`);
  // A scale that is rounded down to a float would round the size down as well.
  const scale = share * (1 + 1e-6);
  setInitializer(graph, tensor(scales, Float32Array.of(1, 1, scale, scale), [4]));
  // A region of interest is optional, and read for another mode only; before operator set 13 it must be there.
  const region = opsetOf(model, 'ai.onnx') < 13 ? freshName(graph, `${input}.region`) : '';
  if (region) setInitializer(graph, tensor(region, new Float32Array(0), [0]));
  const attributes = { mode: 'linear', coordinate_transformation_mode: 'half_pixel' };
  const inputs = [input, region, scales];
  graph.node.unshift(makeNode('Resize', freshName(graph, `${input}.resize`), inputs, [small], attributes));
  // What the file says of shapes inside was true of the other resolution.
  graph.valueInfo = [];
  settle(graph);
  return result;
}

/** Whether the smaller input changes nothing but the sizes of feature maps: the outputs have the shapes they had. */
function works(model: Model, before: Inference, place: Place, share: number): boolean {
  try {
    const smaller = resized(model, place, share);
    const { values, order } = inferShapes(smaller);
    const moved = (name: string) =>
      name !== '' && before.values.has(name) && !same(values.get(name)?.shape, before.values.get(name)?.shape);
    const fits = (node: NodeProto) => domainOf(node.domain) === 'ai.onnx' && anySize.has(node.opType ?? '');
    const touched = order.filter(({ input, output }) => [...input, ...output].some(moved));
    const ends = smaller.graph.output.every(({ name = '' }) =>
      same(values.get(name)?.shape, before.values.get(name)?.shape),
    );
    return ends && touched.length > 0 && touched.every(fits);
  } catch (error) {
    if (error instanceof ModelError) return false;
    throw error;
  }
}

function places(model: Model, inference: Inference): Place[] {
  if (opsetOf(model, 'ai.onnx') < 11) return [];
  const wiring = new Wiring(model.graph);
  return model.graph.input.flatMap(({ name: input = '' }): Place[] => {
    const { type, shape } = inference.values.get(input) ?? { type: 0 };
    const [, channels, height = '?', width = '?'] = shape ?? [];
    if (type !== DataType.FLOAT || shape?.length !== 4 || !isKnown(height) || !isKnown(width)) return [];
    if (channels === undefined || wiring.isOutput(input) || !canRename(wiring, input)) return [];
    const place = { input, height, width, widths: [] };
    const whole = shares.filter((share) => (width * share) % multiple === 0 && (height * share) % multiple === 0);
    const widths = whole.filter((share) => works(model, inference, place, share)).map((share) => width * share);
    return widths.length > 0 ? [{ ...place, widths: [...widths, width] }] : [];
  });
}

const siteOf = ({ input, widths, width }: Place): Site => ({ id: input, choices: widths, identity: width });

/**
 * Computes at a lower resolution: the input is resized (bilinear) before the first layer, so that the signature stays.
 * Offered where everything up to a global pooling does the same at any size, and the outputs keep their shapes
 * (Tan and Le 2019, EfficientNet, on resolution as a dimension of scaling).
 */
export const resolution: Rewrite = {
  name: 'resolution',
  unit: 'pixels of the width',
  affects: ['macs', 'activationBytes', 'weightBytes', 'kernels'],
  sites: (model, inference) => places(model, inference).map(siteOf),
  needs: needsNothing((model) => places(model, inferShapes(model)).map(siteOf)),
  rewrite(model, selection) {
    const found = places(model, inferShapes(model));
    return changes(found.map(siteOf), selection).reduce((result, [{ id }, width]) => {
      const place = found.find(({ input }) => input === id);
      return place ? resized(result, place, width / place.width) : result;
    }, copy(model));
  },
};
