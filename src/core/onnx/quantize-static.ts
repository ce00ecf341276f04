import { consumersOf, initializerOf, isOutput, makeNode, producerOf, prune, setInitializer } from './graph.ts';
import { copy, type GraphProto, type Model, type NodeProto } from './model.ts';
import { needOpset } from './prepare.ts';
import { quantizeWeights } from './quantized-weights.ts';
import { DataType, dims, floats, tensor } from './tensors.ts';

/** The smallest and largest value a tensor took over the calibration inputs. */
export interface Range {
  min: number;
  max: number;
}

const isConv = ({ opType, domain }: NodeProto) => opType === 'Conv' && !domain;

const isConstant = (graph: GraphProto, name: string | undefined) =>
  initializerOf(graph, name)?.dataType === DataType.FLOAT;

/** Convs with constant weights (and bias): the ones that are quantised. */
const quantizable = (graph: GraphProto): NodeProto[] =>
  graph.node.filter(
    (node) => isConv(node) && isConstant(graph, node.input[1]) && (!node.input[2] || isConstant(graph, node.input[2])),
  );

/** The tensor after a Relu that alone consumes `output`, else `output`: where the engine's fused kernel ends. */
function fusedOutput(graph: GraphProto, output: string): string {
  const [next, ...others] = consumersOf(graph, output);
  const fuses = next?.opType === 'Relu' && others.length === 0 && !isOutput(graph, output);
  return fuses ? (next.output[0] ?? output) : output;
}

/**
 * The activations that get a QuantizeLinear/DequantizeLinear pair: inputs of the quantised Convs, what their kernels
 * end in, and both sides of the residual additions between them, so that ONNX Runtime fuses QLinearConv and QLinearAdd
 * and no float kernel stands in between. A Relu before the pair vanishes in the unsigned zero point.
 */
export function quantizedTensors({ graph }: Model): string[] {
  const tensors = new Set<string>();
  for (const { input, output } of quantizable(graph)) {
    tensors.add(input[0] ?? '');
    const end = fusedOutput(graph, output[0] ?? '');
    tensors.add(end);
    for (const add of consumersOf(graph, end).filter(({ opType }) => opType === 'Add')) {
      const operands = add.input.filter((name) => !initializerOf(graph, name));
      if (operands.length < 2) continue;
      for (const name of operands) tensors.add(name);
      tensors.add(fusedOutput(graph, add.output[0] ?? ''));
    }
  }
  tensors.delete('');
  return [...tensors];
}

/** Scale and zero point of the unsigned 8-bit grid that holds `range` and zero exactly (ONNX QuantizeLinear). */
function grid({ min, max }: Range): { scale: number; zeroPoint: number } {
  const low = Math.min(0, min);
  const high = Math.max(0, max);
  const scale = (high - low || 1) / 255;
  return { scale, zeroPoint: Math.round(-low / scale) };
}

function insertPair(graph: GraphProto, name: string, range: Range): number {
  const { scale, zeroPoint } = grid(range);
  const at = (suffix: string) => `${name}.${suffix}`;
  setInitializer(graph, tensor(at('scale'), Float32Array.of(scale)));
  setInitializer(graph, tensor(at('zero_point'), Uint8Array.of(zeroPoint)));
  const parameters = [at('scale'), at('zero_point')];
  for (const consumer of consumersOf(graph, name)) {
    consumer.input = consumer.input.map((input) => (input === name ? at('dequantized') : input));
  }
  const pair = [
    makeNode('QuantizeLinear', at('quantize'), [name, ...parameters], [at('quantized')]),
    makeNode('DequantizeLinear', at('dequantize'), [at('quantized'), ...parameters], [at('dequantized')]),
  ];
  const producer = producerOf(graph, name);
  graph.node.splice(producer ? graph.node.indexOf(producer) + 1 : 0, 0, ...pair);
  return scale;
}

function dequantizeWeights(graph: GraphProto, conv: NodeProto, inputScale: number): void {
  const weight = initializerOf(graph, conv.input[1]);
  if (!weight) return;
  const shape = dims(weight);
  const channels = shape[0] ?? 0;
  const { values, scales } = quantizeWeights(floats(weight), channels);
  const at = (suffix: string) => `${conv.name}.${suffix}`;
  const constants = [
    tensor(at('weight_quantized'), values, shape),
    tensor(at('weight_scale'), scales, [channels]),
    tensor(at('weight_zero_point'), new Int8Array(channels), [channels]),
  ];
  const nodes = [
    makeNode(
      'DequantizeLinear',
      at('weight_dequantize'),
      constants.map(({ name }) => name ?? ''),
      [at('weight')],
      { axis: 0 },
    ),
  ];
  const inputs = [conv.input[0] ?? '', at('weight')];
  const bias = initializerOf(graph, conv.input[2]);
  if (bias) {
    // The integer kernel adds the bias to its accumulators, whose unit is the product of both scales.
    const biasScales = scales.map((scale) => scale * inputScale);
    const integers = floats(bias).map((value, channel) => value / (biasScales[channel] || 1));
    constants.push(
      tensor(at('bias_quantized'), Int32Array.from(integers, Math.round), [channels]),
      tensor(at('bias_scale'), biasScales, [channels]),
    );
    nodes.push(
      makeNode('DequantizeLinear', at('bias_dequantize'), [at('bias_quantized'), at('bias_scale')], [at('bias')], {
        axis: 0,
      }),
    );
    inputs.push(at('bias'));
  }
  for (const constant of constants) setInitializer(graph, constant);
  graph.node.splice(graph.node.indexOf(conv), 0, ...nodes);
  conv.input = inputs;
}

/**
 * INT8 with static ranges in the QDQ format of ONNX Runtime: unsigned activations with one grid a tensor, signed
 * symmetric weights with one scale an output channel (Jacob et al. 2018; Nagel et al. 2021). `ranges` holds every
 * tensor of `quantizedTensors`; a Conv without its ranges is left in FP32. The model is prepared and its BatchNorms are
 * folded. Throws ModelError below operator set 13, which has no scales a channel.
 */
export function quantizeStatic(model: Model, ranges: Record<string, Range>): Model {
  needOpset(model, 13, 'INT8Static');
  const result = copy(model);
  const { graph } = result;
  const convs = quantizable(graph);
  const inputs = convs.map((conv) => conv.input[0] ?? '');
  const scales = new Map<string, number>();
  for (const name of quantizedTensors(result)) {
    const range = ranges[name];
    if (range) scales.set(name, insertPair(graph, name, range));
  }
  for (const [index, conv] of convs.entries()) {
    const scale = scales.get(inputs[index] ?? '');
    if (scale !== undefined) dequantizeWeights(graph, conv, scale);
  }
  prune(graph);
  return result;
}
