import { toBinary } from '@bufbuild/protobuf';
import type { Model, NodeProto, TensorProto } from '../../model.ts';
import { NodeProtoSchema } from '../../proto/gen/onnx_pb.js';
import { domainOf } from '../../shapes/registry.ts';
import { hasRawData } from '../../tensor-data/elements.ts';
import { subgraphs } from '../../walk.ts';
import { bypass, canRename, Wiring } from '../../wiring.ts';

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** What tells most tensors apart without reading all of them. */
const sketch = ({ dataType, dims, rawData }: TensorProto) =>
  `${dataType} [${dims}] ${rawData.subarray(0, 64)} ${rawData.subarray(-64)}`;

/** Makes readers of equal initializers read the first of them. */
export function mergeInitializers({ graph }: Model): boolean {
  const wiring = new Wiring(graph);
  const known = new Map<string, TensorProto[]>();
  const instead = new Map<string, string>();
  for (const tensor of graph.initializer) {
    if (!hasRawData(tensor) || !wiring.constant(tensor.name) || wiring.isOutput(tensor.name)) continue;
    const alike = known.get(sketch(tensor)) ?? [];
    const first = alike.find(({ rawData }) => equalBytes(rawData, tensor.rawData));
    if (first && canRename(wiring, tensor.name)) instead.set(tensor.name, first.name);
    else known.set(sketch(tensor), [...alike, tensor]);
  }
  for (const node of graph.node) node.input = node.input.map((name) => instead.get(name) ?? name);
  return instead.size > 0;
}

const random = /^(Random|Multinomial|Bernoulli|Dropout)/;
const pureDomains = new Set(['ai.onnx', 'com.microsoft']);

function signature(node: NodeProto): string | undefined {
  const pure = pureDomains.has(domainOf(node.domain)) && !random.test(node.opType ?? '');
  const single = node.output.filter(Boolean).length === 1 && node.output[0];
  if (!pure || !single || !subgraphs(node).next().done) return undefined;
  const bare = { ...node, name: '', docString: '', output: [''], metadataProps: [] };
  return toBinary(NodeProtoSchema, bare).toString();
}

/** Makes readers of a node that computes what an earlier one computed read that one (common subexpressions). */
export function mergeNodes({ graph }: Model): boolean {
  const known = new Map<string, NodeProto>();
  let changed = false;
  const wiring = new Wiring(graph);
  for (const node of [...graph.node]) {
    const key = signature(node);
    const first = key === undefined ? undefined : known.get(key);
    if (key === undefined) continue;
    if (!first) known.set(key, node);
    else if (!wiring.isOutput(node.output[0]) && bypass(wiring, node, first.output[0] ?? '')) {
      changed = true;
    }
  }
  return changed;
}
