import type { ProbeResult } from '../../api/task.ts';
import type { Engine } from '../../engines/engine.ts';
import type { ArtifactStore } from '../../stores/store.ts';
import { hardwareFacts } from '../facts.ts';
import { bandwidth } from './bandwidth.ts';
import { kernelTimes, patternTimes, peakOf, ratesOf } from './kernels.ts';

/**
 * What the machine under this pod is and what one of its threads can do. Some seconds; it must have the node to itself.
 * `clock` in milliseconds. Throws StoreError or EngineError.
 */
export async function probe(
  { engine, store }: { engine: Engine; store: ArtifactStore },
  clock = () => performance.now(),
): Promise<ProbeResult> {
  const facts = hardwareFacts(engine.version);
  const bandwidthGBps = bandwidth(facts.cacheBytes, clock);
  const kernels = await kernelTimes(engine, clock);
  const patterns = await patternTimes(engine, clock);
  const table = await store.put(new TextEncoder().encode(JSON.stringify({ facts, bandwidthGBps, kernels, patterns })));
  return {
    kind: 'Probe',
    facts,
    abilities: {
      ...{ bandwidthGBps, kernels: ratesOf(kernels), table },
      peakGops: { fp32: peakOf(kernels, ['FP32']), int8: peakOf(kernels, ['INT8Static', 'INT8Dynamic']) },
    },
  };
}
