import { DataType, dims } from '../../../tensors.ts';
import type { Builder } from '../builder.ts';
import type { Format, Writing } from '../format.ts';
import type { ConvLayer, ProductLayer, TableLayer } from '../layers.ts';
import { integersOf, momentsOf } from '../parameters.ts';
import { type QuantizedChannels, quantizeChannels } from '../weights.ts';

/** Codes, scale and zero point of a tensor by the range that it has at run time; once for all layers that read it. */
function quantized(build: Builder, tensor: string): [codes: string, scale: string, zeroPoint: string] {
  const names = ['codes', 'scale', 'zero_point'].map((suffix) => `${tensor}.dynamic_${suffix}`);
  const made = build.once(`dynamic ${tensor}`, () => {
    const own = names.map((name) => build.name(name));
    build.multiple('DynamicQuantizeLinear', `${tensor}.quantize_dynamic`, [tensor], own);
    return own.join('\n');
  });
  const [codes = '', scale = '', zeroPoint = ''] = made.split('\n');
  return [codes, scale, zeroPoint];
}

/** One product of integers, brought back to FLOAT with the bias by com.microsoft.MatMulIntegerToFloat. */
function writeProduct(layer: ProductLayer, writing: Writing): void {
  const { build } = writing;
  const at = (suffix: string) => `${layer.node.name}.${suffix}`;
  const { values, scales, bias } = integersOf(layer, writing);
  const [codes, scale, zeroPoint] = quantized(build, layer.input);
  const inputs = [
    ...[codes, build.constant(at('weight_int8'), values, [layer.k, layer.n]), scale],
    ...[build.constant(at('weight_scale'), scales, [layer.n]), zeroPoint, ''],
    ...(bias ? [build.constant(at('bias'), bias, [layer.n])] : []),
  ];
  if (!bias) inputs.pop();
  build.contrib('MatMulIntegerToFloat', layer.node.name ?? '', inputs, {}, layer.output);
}

/** ConvInteger, whose sums are scaled back a channel at a time. No kernel does all of it at once. */
function writeConv(layer: ConvLayer, writing: Writing): void {
  const { build } = writing;
  const at = (suffix: string) => `${layer.node.name}.${suffix}`;
  const shape = dims(layer.weight);
  const perChannel = [1, layer.channels, ...shape.slice(2).map(() => 1)];
  const { values, scales, bias } = integersOf(layer, writing);
  const [codes, scale, zeroPoint] = quantized(build, layer.input);
  // Unsigned about 128 holds the same numbers: it is what the engine's integer convolution takes.
  const unsigned = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) unsigned[i] = (values[i] as number) + 128;
  const weight = build.constant(at('weight_int8'), unsigned, shape);
  const weightZero = build.constant(at('weight_zero_point'), Uint8Array.of(128));
  const sums = build.like(layer.node, 'ConvInteger', [codes, weight, zeroPoint, weightZero], build.name(at('sums')));
  const floats = build.node('Cast', at('float'), [sums], { to: DataType.FLOAT });
  const weightScale = build.constant(at('weight_scale'), scales, perChannel);
  const both = build.node('Mul', at('scale'), [scale, weightScale]);
  if (!bias) build.node('Mul', at('scaled'), [floats, both], {}, layer.output);
  else {
    const scaled = build.node('Mul', at('scaled'), [floats, both]);
    build.node('Add', at('shifted'), [scaled, build.constant(at('bias'), bias, perChannel)], {}, layer.output);
  }
}

/** Rows that are quantised at once: a table can be most of a model, and is not to be held as FLOAT a second time. */
const rowsAtOnce = 1024;

function quantizedRows({ weight, rows, columns }: TableLayer, { weights, options }: Writing): QuantizedChannels {
  const values = new Int8Array(rows * columns);
  const scales = new Float32Array(rows);
  for (let from = 0; from < rows; from += rowsAtOnce) {
    const channels = Math.min(rowsAtOnce, rows - from);
    const data = weights.read(weight, from * columns, (from + channels) * columns);
    const into = values.subarray(from * columns, (from + channels) * columns);
    const part = quantizeChannels(
      { data, channels, inner: columns },
      { levels: 127, search: options.searchScales, into },
    );
    scales.set(part.scales, from);
  }
  return { values, scales };
}

/** Rows of 8 bits with a scale each; only the rows that are picked are ever FLOAT. */
function writeTable(layer: TableLayer, writing: Writing): void {
  const { build } = writing;
  const at = (suffix: string) => `${layer.node.name}.${suffix}`;
  const { rows, columns, weight } = layer;
  const [table = '', scale = ''] = build
    .once(`rows ${weight.name}`, () => {
      const { values, scales } = quantizedRows(layer, writing);
      const codes = build.constant(`${weight.name}.int8`, values, [rows, columns]);
      return [codes, build.constant(`${weight.name}.scale`, scales, [rows, 1])].join('\n');
    })
    .split('\n');
  const codes = build.node('Gather', at('codes'), [table, layer.input]);
  const scales = build.node('Gather', at('scales'), [scale, layer.input]);
  const floats = build.node('Cast', at('float'), [codes], { to: DataType.FLOAT });
  build.node('Mul', at('scaled'), [floats, scales], {}, layer.output);
}

/**
 * INT8 without calibration: weights with a scale a channel out, inputs on the grid of the range they have at run time
 * (DynamicQuantizeLinear, ConvInteger: ONNX operators since opset 11 and 10). A table's rows are INT8 with a scale each.
 */
export const int8Dynamic: Format = {
  offers: () => true,
  needs: (layer, wiring, options) => (layer.kind === 'Table' ? [] : momentsOf(layer, wiring, options)),
  write(layer, writing) {
    if (layer.kind === 'Product') writeProduct(layer, writing);
    else if (layer.kind === 'Conv') writeConv(layer, writing);
    else writeTable(layer, writing);
  },
};
