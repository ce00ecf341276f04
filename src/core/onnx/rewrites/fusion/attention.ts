import { makeNode } from '../../graph.ts';
import type { NodeProto } from '../../model.ts';
import { importDomain } from '../../operator-sets.ts';
import { sameDim } from '../../shapes/dims.ts';
import { freshName } from '../../wiring.ts';
import { type Operand, operandOf, splitsHeads } from './heads.ts';
import { fitsScores, leastHidden, type Mask, MaskWriter } from './mask.ts';
import { Thirds } from './packed.ts';
import { scaledBy } from './scale.ts';
import { type Finder, intOf, intsOf, sameOrder, type View } from './view.ts';

interface Scores {
  query: Operand;
  key: Operand;
  scale: number;
  mask?: Mask;
}

interface Attention extends Scores {
  softmax: NodeProto;
  value: Operand;
  /** The Reshape that joins the heads again. */
  end: NodeProto;
}

const product = (view: View, name: string): Scores | undefined => {
  const node = view.maker(name, 'MatMul');
  const query = node && operandOf(view, node.input[0] ?? '', 'rows');
  const key = query && operandOf(view, node?.input[1] ?? '', 'columns');
  if (!query || !key || query.past) return undefined;
  return { query, key, scale: query.scale * key.scale };
};

/** The scores without their mask: a product, scaled or not. */
function unmasked(view: View, name: string): Scores | undefined {
  if (!view.wiring.onlyReader(name)) return undefined;
  const scaled = scaledBy(view, name);
  if (!scaled) return product(view, name);
  const found = unmasked(view, scaled.input);
  return found && { ...found, scale: found.scale * scaled.factor };
}

function masked(view: View, name: string): Scores | undefined {
  const node = view.wiring.onlyReader(name) && view.maker(name, 'Add', 'Where');
  if (!node) return undefined;
  const found = (at: number, mask: Mask): Scores | undefined => {
    const scores = unmasked(view, node.input[at] ?? '');
    return scores && fitsScores(view, mask, node.input[at] ?? '') ? { ...scores, mask } : undefined;
  };
  const [first = '', second = '', third = ''] = node.input;
  if (node.opType === 'Add') return found(0, { name: second }) ?? found(1, { name: first });
  const [whereTrue = 0, whereFalse = 0] = [view.scalar(second), view.scalar(third)];
  if (whereFalse <= leastHidden) return found(1, { name: first, hidden: whereFalse });
  if (whereTrue <= leastHidden) return found(2, { name: first, hidden: whereTrue, inverted: true });
  return undefined;
}

const sameAxis = (view: View, axis: number, ...names: readonly string[]): boolean => {
  const sizes = names.map((name) => view.shape(name)?.[axis] ?? '?');
  return sizes.every((size) => sameDim(size, sizes[0] ?? '?'));
};

function agree(view: View, { query, key, value }: Attention): boolean {
  const operands = [query, key, value];
  const heads = operands.every((each) => each.heads === query.heads && view.isFloat(each.source));
  const past = Boolean(key.past) === Boolean(value.past);
  const sources = operands.map(({ source }) => source);
  const rows = sameAxis(view, 0, ...sources) && sameAxis(view, 1, key.source, value.source);
  return heads && past && key.size === query.size && value.scale === 1 && rows;
}

/** [batch, heads, sequence, size] turned and joined to [batch, sequence, heads·size]: the Reshape that does it. */
function joined(view: View, mixed: NodeProto): NodeProto | undefined {
  const turned = view.next(mixed, 'Transpose');
  const end = turned && sameOrder(intsOf(turned, 'perm'), [0, 2, 1, 3]) ? view.next(turned, 'Reshape') : undefined;
  if (!turned || !end || end.input[0] !== turned.output[0]) return undefined;
  const kept = intOf(end, 'allowzero', 0) === 0 ? view.value(end.input[1])?.elements : undefined;
  return splitsHeads(view.shape(end.output[0]), view.shape(turned.output[0]), kept) ? end : undefined;
}

function attentionAt(view: View, softmax: NodeProto): Attention | undefined {
  const [input = '', weights = ''] = [softmax.input[0], softmax.output[0]];
  const rank = view.shape(weights)?.length;
  if (rank !== 4 || ![3, -1].includes(intOf(softmax, 'axis', view.opset < 13 ? 1 : -1))) return undefined;
  const mixed = view.next(softmax, 'MatMul');
  if (mixed?.input[0] !== weights) return undefined;
  const end = joined(view, mixed);
  const value = end && operandOf(view, mixed.input[1] ?? '', 'rows');
  const scores = value && (masked(view, input) ?? unmasked(view, input));
  if (!end || !scores) return undefined;
  const found = { ...scores, softmax, value, end };
  return agree(view, found) ? found : undefined;
}

interface Writing {
  masks: MaskWriter;
  thirds: Thirds;
}

function write(
  view: View,
  { masks, thirds }: Writing,
  { softmax, query, key, value, scale, mask, end }: Attention,
): void {
  const { model } = view;
  const { graph } = model;
  const bias = mask ? masks.write(mask, query.source) : '';
  const past = key.past && value.past ? [key.past, value.past] : [];
  const operands = [query, key, value].map(({ source, part }) =>
    part === undefined ? source : thirds.of(source, part),
  );
  const inputs = [...operands, '', '', bias, ...past.map((each) => each.past)];
  while (inputs.at(-1) === '') inputs.pop();
  const outputs = [end.output[0] ?? '', ...past.map((each) => each.present)];
  const name = freshName(graph, `${softmax.name}.attention`);
  const node = makeNode('MultiHeadAttention', name, inputs, outputs, {
    num_heads: query.heads,
    scale: { float: scale },
  });
  node.domain = 'com.microsoft';
  importDomain(model, 'com.microsoft');
  const replaced = new Set(outputs);
  graph.node = graph.node.filter(({ output }) => !replaced.has(output[0] ?? ''));
  graph.node.push(node);
}

/**
 * Attention between the projections of queries, keys and values and the output projection: heads set apart, the scaled
 * product, an added or a Where mask, Softmax, the product with the values, heads joined; with keys and values of earlier
 * steps before those of this one or not. It becomes com.microsoft.MultiHeadAttention of ONNX Runtime.
 */
export const attentions: Finder = (view) => {
  const writing = { masks: new MaskWriter(view), thirds: new Thirds(view) };
  return view.model.graph.node.flatMap((node) => {
    const found = node.opType === 'Softmax' && view.maker(node.output[0], 'Softmax') && attentionAt(view, node);
    return found ? [() => write(view, writing, found)] : [];
  });
};
