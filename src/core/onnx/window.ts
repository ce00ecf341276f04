import { attribute } from './graph.ts';
import type { NodeProto } from './model.ts';

/** The window of a convolution or pooling over spatial axes; padding is explicit. */
export interface Window {
  kernel: number[];
  strides: number[];
  dilations: number[];
  begin: number[];
  end: number[];
}

/** The window of a node; undefined where its padding follows from the size of the input (auto_pad), or rounds up. */
export function windowOf(node: NodeProto, kernel: readonly number[]): Window | undefined {
  const auto = new TextDecoder().decode(attribute(node, 'auto_pad')?.s ?? new Uint8Array());
  if (auto.startsWith('SAME') || attribute(node, 'ceil_mode')?.i === 1n) return undefined;
  const rank = kernel.length;
  const list = (name: string, length: number, fallback: number) => {
    const found = attribute(node, name)?.ints.map(Number) ?? [];
    return found.length === 0 ? Array<number>(length).fill(fallback) : found;
  };
  const pads = auto === 'VALID' ? Array<number>(2 * rank).fill(0) : list('pads', 2 * rank, 0);
  const [strides, dilations] = [list('strides', rank, 1), list('dilations', rank, 1)];
  if (strides.length !== rank || dilations.length !== rank || pads.length !== 2 * rank) return undefined;
  return { kernel: [...kernel], strides, dilations, begin: pads.slice(0, rank), end: pads.slice(rank) };
}
