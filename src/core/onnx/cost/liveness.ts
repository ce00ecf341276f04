import type { NodeProto } from '../model.ts';

export interface Lives {
  order: readonly NodeProto[];
  inputs: readonly string[];
  outputs: readonly string[];
  /** Bytes of a value; 0 for what is no activation. */
  bytes(name: string): number;
  reads(node: NodeProto): readonly string[];
  /** The value whose memory the node's first output shares; undefined where it has memory of its own. */
  sharesWith(node: NodeProto): string | undefined;
}

/**
 * The most memory that activations take at once when nodes run in order, in bytes, and the node at which they do. A
 * value lives from the node that makes it to the last that reads it; inputs and outputs of the graph live throughout,
 * since the caller holds them. Nothing is written over in place, so an engine that does needs less.
 */
export function peakMemory({ order, inputs, outputs, bytes, reads, sharesWith }: Lives): {
  bytes: number;
  at?: NodeProto;
} {
  const owner = new Map<string, string>();
  const ownerOf = (name: string) => owner.get(name) ?? name;
  for (const node of order) {
    const [first] = node.output;
    const shared = sharesWith(node);
    if (first && shared !== undefined) owner.set(first, ownerOf(shared));
  }
  const lastUse = new Map<string, number>();
  for (const [index, node] of order.entries()) {
    for (const name of [...node.output, ...reads(node)]) lastUse.set(ownerOf(name), index);
  }
  for (const name of [...inputs, ...outputs]) lastUse.set(ownerOf(name), order.length);
  const freed = Map.groupBy(lastUse, ([, index]) => index);

  let live = inputs.reduce((sum, name) => sum + bytes(name), 0);
  let peak: { bytes: number; at?: NodeProto } = { bytes: live };
  for (const [index, node] of order.entries()) {
    for (const name of node.output) if (name && !owner.has(name)) live += bytes(name);
    if (live > peak.bytes) peak = { bytes: live, at: node };
    for (const [name] of freed.get(index) ?? []) live -= bytes(name);
  }
  return peak;
}
