import { makeNode, setInitializer } from '../../graph.ts';
import type { NodeProto, TensorProto } from '../../model.ts';
import { DataType, dims, floats, tensor } from '../../tensors.ts';
import { freshName } from '../../wiring.ts';
import type { Finder, View } from './view.ts';

/** A product with a constant matrix [inputs, outputs], and the bias after it. */
interface Projection {
  node: NodeProto;
  add?: NodeProto;
  weight: TensorProto;
  bias?: TensorProto;
}

const constant = (view: View, name: string | undefined, rank: number): TensorProto | undefined => {
  const found = view.wiring.constant(name);
  const usable = found?.dataType === DataType.FLOAT && found.externalData.length === 0 && found.dims.length === rank;
  return usable && !found.dims.includes(0n) ? found : undefined;
};

function projectionOf(view: View, node: NodeProto): Projection | undefined {
  const weight = view.maker(node.output[0], 'MatMul') && constant(view, node.input[1], 2);
  if (!weight || (view.shape(node.input[0])?.length ?? 0) < 2) return undefined;
  const add = view.next(node, 'Add');
  const bias = add && constant(view, add.input.find((name) => name !== node.output[0]) ?? '', 1);
  return add && bias && bias.dims[0] === weight.dims[1] ? { node, add, weight, bias } : { node, weight };
}

/** The matrices [inputs, outputs] side by side. */
function beside(parts: readonly TensorProto[], rows: number, widths: readonly number[]): Float32Array {
  const width = widths.reduce((sum, each) => sum + each, 0);
  const result = new Float32Array(rows * width);
  let from = 0;
  for (const [index, part] of parts.entries()) {
    const data = floats(part);
    const own = widths[index] ?? 0;
    for (let row = 0; row < rows; row++) result.set(data.subarray(row * own, (row + 1) * own), row * width + from);
    from += own;
  }
  return result;
}

function merge(view: View, group: readonly Projection[]): void {
  const { graph } = view.model;
  const [first] = group;
  if (!first) return;
  const id = first.node.name ?? '';
  const store = (suffix: string, data: Float32Array | BigInt64Array, shape: readonly number[]) => {
    const name = freshName(graph, `${id}.${suffix}`);
    setInitializer(graph, tensor(name, data, shape));
    return name;
  };
  const rows = dims(first.weight)[0] ?? 0;
  const widths = group.map(({ weight }) => dims(weight)[1] ?? 0);
  const width = widths.reduce((sum, each) => sum + each, 0);
  const weight = store(
    'merged_weight',
    beside(
      group.map((each) => each.weight),
      rows,
      widths,
    ),
    [rows, width],
  );
  const product = freshName(graph, `${id}.merged`);
  const made = [makeNode('MatMul', id, [first.node.input[0] ?? '', weight], [product])];
  let output = product;
  if (group.some(({ bias }) => bias)) {
    const bias = new Float32Array(width);
    let at = 0;
    for (const [index, each] of group.entries()) {
      if (each.bias) bias.set(floats(each.bias), at);
      at += widths[index] ?? 0;
    }
    output = freshName(graph, `${id}.biased`);
    made.push(makeNode('Add', output, [product, store('merged_bias', bias, [width])], [output]));
  }
  const outputs = group.map(({ node, add }) => (add ?? node).output[0] ?? '');
  const name = freshName(graph, `${id}.split`);
  const axis = (view.shape(first.node.input[0])?.length ?? 1) - 1;
  if (view.opset < 13) made.push(makeNode('Split', name, [output], outputs, { axis, split: widths.map(BigInt) }));
  else {
    const sizes = store('split_sizes', BigInt64Array.from(widths, BigInt), [widths.length]);
    made.push(makeNode('Split', name, [output, sizes], outputs, { axis }));
  }
  const taken = new Set(group.flatMap(({ node, add }) => [node, add]));
  graph.node = [...graph.node.filter((node) => !taken.has(node)), ...made];
}

/**
 * Products that read the same value, as those of queries, keys and values do: one product with the matrices side by
 * side, whose result is split. Its input is then packed, or quantised, once.
 */
export const projections: Finder = (view) => {
  const found = view.model.graph.node.flatMap((node) => projectionOf(view, node) ?? []);
  const groups = Map.groupBy(found, ({ node }) => node.input[0] ?? '');
  return [...groups.values()].filter(({ length }) => length > 1).map((group) => () => merge(view, group));
};
