import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { type EngineOptions, GraphOptimization } from '../api/candidate.ts';
import { decode, readMetadata } from '../core/onnx/model.ts';
import { cpuLimit } from '../runtime/cgroup.ts';
import { type LoadedModel, loadModel } from './inference.ts';

/** A model that is served: its bytes are known by their digest. */
export interface ServedModel extends LoadedModel {
  uri: string;
  digest: string;
}

/**
 * The engine's options, from what the variant was measured with (`retune.*` in its metadata). Threads never exceed the
 * CPU limit: an engine that counts the host's cores is throttled for it.
 */
function engineOptions(model: Uint8Array): EngineOptions {
  const metadata = readMetadata(decode(model));
  const limit = Math.max(1, Math.floor(cpuLimit() ?? availableParallelism()));
  const level = GraphOptimization.safeParse(metadata['retune.graphOptimization']);
  return {
    threads: Math.min(limit, Number(metadata['retune.threads'] ?? limit) || limit),
    graphOptimization: level.success ? level.data : 'All',
  };
}

/** Reads and loads the model at a URI. Throws Error with a sentence. */
export async function serveModel(
  uri: string,
  engineModule: string,
  read: (uri: string) => Promise<Uint8Array>,
): Promise<ServedModel> {
  const bytes = await read(uri);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const model = new Uint8Array(bytes);
  return { ...(await loadModel({ engineModule, model, options: engineOptions(bytes) })), uri, digest };
}
