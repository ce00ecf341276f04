import { create } from '@bufbuild/protobuf';
import type { Model } from './model.ts';
import { OperatorSetIdProtoSchema } from './proto/gen/onnx_pb.js';

/** Makes the operators of a domain known to a model that does not import it yet. */
export function importDomain(model: Model, domain: string, version = 1): void {
  if (model.opsetImport.some((each) => each.domain === domain)) return;
  model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }));
}
