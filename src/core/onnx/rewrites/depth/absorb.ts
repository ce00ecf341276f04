import { attribute, setInitializer } from '../../graph.ts';
import { layerMaking, perChannel, scaledOutputs, writeLayer } from '../../layer.ts';
import type { GraphProto, NodeProto } from '../../model.ts';
import { domainOf } from '../../shapes/registry.ts';
import { tensor } from '../../tensors.ts';
import { bypass, freshName, Wiring } from '../../wiring.ts';

/** The node whose bias, an input of its own, is added to each channel of what it makes, and the place of that input. */
function ownBias(node: NodeProto, axis: number, rank: number): number | undefined {
  if (domainOf(node.domain) !== 'ai.onnx') return undefined;
  const last = Number(attribute(node, 'axis')?.i ?? -1n);
  if (node.opType === 'LayerNormalization')
    return axis === rank - 1 && (last === -1 || last === rank - 1) ? 2 : undefined;
  return node.opType === 'BatchNormalization' && axis === 1 ? 2 : undefined;
}

/** Adds a constant to the channels of `value` where that costs nothing; false where there is no such place. */
function addTo(wiring: Wiring, value: string, added: Float64Array, axis: number, rank: number, depth = 0): boolean {
  const maker = wiring.maker(value);
  if (!maker || depth > 8) return false;
  const layer = layerMaking(wiring, value);
  if (layer) {
    const at = layer.channelAxis === 1 ? 1 : rank - 1;
    if (at !== axis || layer.outputs !== added.length) return false;
    writeLayer(
      wiring,
      scaledOutputs(
        layer,
        added.map(() => 1),
        added,
      ),
    );
    return true;
  }
  const place = ownBias(maker, axis, rank);
  if (place !== undefined) {
    const old = maker.input[place] ? perChannel(wiring, maker.input[place], added.length, 0) : undefined;
    if (maker.input[place] && !old) return false;
    const name = freshName(wiring.graph, `${maker.name}.shifted_bias`);
    setInitializer(
      wiring.graph,
      tensor(
        name,
        Float32Array.from(added, (each, c) => each + (old?.[c] ?? 0)),
        [added.length],
      ),
    );
    maker.input[place] = name;
    return true;
  }
  if (maker.opType !== 'Add') return false;
  return maker.input.some(
    (name) => wiring.onlyReader(name) === maker && addTo(wiring, name, added, axis, rank, depth + 1),
  );
}

/**
 * Takes out an Add of a constant to each channel of `value` by adding it to a bias before, where nothing else reads
 * `value`. Leaves the Add where it is otherwise.
 */
export function absorb(
  graph: GraphProto,
  add: NodeProto,
  value: string,
  added: Float64Array,
  axis: number,
  rank: number,
): void {
  const wiring = new Wiring(graph);
  if (wiring.onlyReader(value) !== add) return;
  if (addTo(wiring, value, added, axis, rank)) bypass(new Wiring(graph), add, value);
}
