import type { Abilities } from '../../api/hardware-profile.ts';
import type { ProbeResult, Provider } from '../../api/task.ts';
import type { Engine } from '../../engines/engine.ts';
import type { ArtifactStore } from '../../stores/store.ts';
import { hardwareFacts } from '../facts.ts';
import { bandwidth } from './bandwidth.ts';
import { gpuBandwidth, gpuKernelTimes } from './gpu.ts';
import { kernelTimes, patternTimes, peakOf, ratesOf } from './kernels.ts';

/**
 * What the machine under this pod is and what one of its threads can do, or its GPU. Some seconds, a minute for a GPU; it
 * must have the node to itself. `clock` in milliseconds. Throws StoreError or EngineError.
 */
export async function probe(
  { engine, store, provider = 'CPU' }: { engine: Engine; store: ArtifactStore; provider?: Provider },
  clock = () => performance.now(),
): Promise<ProbeResult> {
  const onGpu = provider === 'CUDA';
  const facts = await hardwareFacts(engine.version, provider);
  const bandwidthGBps: Abilities['bandwidthGBps'] = onGpu
    ? await gpuBandwidth(engine, clock)
    : bandwidth(facts.cacheBytes, clock);
  const kernels = onGpu ? await gpuKernelTimes(engine, clock) : await kernelTimes(engine, clock);
  const patterns = await patternTimes(engine, clock);
  const table = await store.put(new TextEncoder().encode(JSON.stringify({ facts, bandwidthGBps, kernels, patterns })));
  return {
    kind: 'Probe',
    facts,
    abilities: {
      ...{ bandwidthGBps, kernels: ratesOf(kernels), table },
      peakGops: {
        ...{ fp32: peakOf(kernels, ['FP32']), int8: peakOf(kernels, ['INT8Static', 'INT8Dynamic']) },
        ...(onGpu && { fp16: peakOf(kernels, ['FP16']) }),
      },
    },
  };
}
