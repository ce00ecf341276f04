import { initializerOf, makeNode, prune, setInitializer } from './graph.ts';
import { copy, type GraphProto, type Model, type NodeProto } from './model.ts';
import { needOpset } from './prepare.ts';
import { quantizeWeights } from './quantized-weights.ts';
import { DataType, dims, floats, tensor } from './tensors.ts';

/**
 * DynamicQuantizeLinear, ConvInteger and the scaling back, in place of one Conv. The weights have one scale for all
 * channels: ConvInteger takes one zero point, and one scale keeps its epilogue a single multiplication.
 */
function integerConv(graph: GraphProto, conv: NodeProto): NodeProto[] {
  const weight = initializerOf(graph, conv.input[1]);
  if (weight?.dataType !== DataType.FLOAT) return [conv];
  const [input = '', , bias] = conv.input;
  const shape = dims(weight);
  const at = (suffix: string) => `${conv.name}.${suffix}`;
  const { values, scales } = quantizeWeights(floats(weight), 1);
  // Unsigned with a zero point of 128 holds the same numbers: it is what the engine's integer convolution takes.
  const unsigned = Uint8Array.from(values, (value) => value + 128);
  setInitializer(graph, tensor(at('weight_quantized'), unsigned, shape));
  setInitializer(graph, tensor(at('weight_zero_point'), Uint8Array.of(128)));
  setInitializer(graph, tensor(at('weight_scale'), scales));
  const quantized = [at('quantized'), at('input_scale'), at('input_zero_point')];
  const nodes = [
    makeNode('DynamicQuantizeLinear', at('quantize'), [input], quantized),
    { ...conv, opType: 'ConvInteger' } as NodeProto,
    makeNode('Cast', at('cast'), [at('accumulated')], [at('float')], { to: DataType.FLOAT }),
    makeNode('Mul', at('scales'), [at('input_scale'), at('weight_scale')], [at('scale')]),
    makeNode('Mul', at('rescale'), [at('float'), at('scale')], bias ? [at('scaled')] : conv.output),
  ];
  const integer = nodes[1] as NodeProto;
  integer.input = [at('quantized'), at('weight_quantized'), at('input_zero_point'), at('weight_zero_point')];
  integer.output = [at('accumulated')];
  const values4d = initializerOf(graph, bias);
  if (!bias) return nodes;
  const operand = values4d ? at('bias_4d') : bias;
  if (values4d) {
    const ones = shape.slice(2).map(() => 1);
    setInitializer(graph, tensor(operand, floats(values4d), [1, shape[0] ?? 0, ...ones]));
  }
  return [...nodes, makeNode('Add', at('shift'), [at('scaled'), operand], conv.output)];
}

/** MatMulInteger in place of one MatMul with a constant second operand of two axes. */
function integerMatMul(graph: GraphProto, matMul: NodeProto): NodeProto[] {
  const weight = initializerOf(graph, matMul.input[1]);
  if (weight?.dataType !== DataType.FLOAT || dims(weight).length !== 2) return [matMul];
  const at = (suffix: string) => `${matMul.name}.${suffix}`;
  const { values, scales } = quantizeWeights(floats(weight), 1);
  setInitializer(graph, tensor(at('weight_quantized'), values, dims(weight)));
  setInitializer(graph, tensor(at('weight_scale'), scales));
  const quantized = [at('quantized'), at('input_scale'), at('input_zero_point')];
  return [
    makeNode('DynamicQuantizeLinear', at('quantize'), [matMul.input[0] ?? ''], quantized),
    makeNode(
      'MatMulInteger',
      at('multiply'),
      [at('quantized'), at('weight_quantized'), at('input_zero_point')],
      [at('accumulated')],
    ),
    makeNode('Cast', at('cast'), [at('accumulated')], [at('float')], { to: DataType.FLOAT }),
    makeNode('Mul', at('scales'), [at('input_scale'), at('weight_scale')], [at('scale')]),
    makeNode('Mul', at('rescale'), [at('float'), at('scale')], matMul.output),
  ];
}

/**
 * INT8 with ranges found at run time: DynamicQuantizeLinear with ConvInteger and MatMulInteger (ONNX operators since
 * opset 11 and 10). It needs no calibration; whether it is fast is for measurement to say. The model is prepared and its
 * BatchNorms are folded. Throws ModelError below operator set 11.
 */
export function quantizeDynamic(model: Model): Model {
  needOpset(model, 11, 'INT8Dynamic');
  const result = copy(model);
  const { graph } = result;
  graph.node = graph.node.flatMap((node) => {
    if (node.domain) return [node];
    if (node.opType === 'Conv') return integerConv(graph, node);
    return node.opType === 'MatMul' ? integerMatMul(graph, node) : [node];
  });
  prune(graph);
  return result;
}
