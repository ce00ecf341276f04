import type { NodeProto } from '../../model.ts';
import type { View } from './view.ts';

export interface Scaled {
  node: NodeProto;
  /** What is scaled. */
  input: string;
  factor: number;
}

/** A value as another one times a constant number, where one Mul or Div makes it so. */
export function scaledBy(view: View, name: string): Scaled | undefined {
  const node = view.maker(name, 'Mul', 'Div');
  if (!node) return undefined;
  const [first = '', second = ''] = node.input;
  const [left, right] = [view.scalar(first), view.scalar(second)];
  if (node.opType === 'Div') return right ? { node, input: first, factor: 1 / right } : undefined;
  if (right) return { node, input: first, factor: right };
  return left ? { node, input: second, factor: left } : undefined;
}
