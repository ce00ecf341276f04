import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Precision } from '../../src/api/candidate.ts';
import { type DeriveTask, type MeasureResult, Provider } from '../../src/api/task.ts';
import { moduleUrl } from '../../src/runtime/modules.ts';
import { directoryStore } from '../../src/stores/directory/directory.ts';
import { derive } from '../../src/worker/derive/derive.ts';
import { measure } from '../../src/worker/measure/measure.ts';
import { loadEngine } from '../../src/worker/modules.ts';
import { probe } from '../../src/worker/probe/probe.ts';

const modules = {
  engine: moduleUrl('../../src/engines/onnxruntime/onnxruntime.ts', import.meta.url),
  stores: moduleUrl('../../src/stores/open.ts', import.meta.url),
};
const vit = (name: string) => ({ uri: pathToFileURL(`examples/vit/${name}`).href });

const summary = ({ latency, ratio, work, ...rest }: MeasureResult) => ({
  ...{ p50Ms: latency.p50Ms, p99Ms: latency.p99Ms, p99HighMs: latency.p99HighMs, samples: latency.samples },
  ...{ ratio: ratio.value, low: ratio.low, high: ratio.high, outputsAgree: rest.outputsAgree },
  ...{ baselineP50Ms: rest.baseline.p50Ms, invalid: rest.invalid, measuredSeconds: rest.measuredSeconds },
  ...{ peakMemoryBytes: rest.peakMemoryBytes, work },
});

/**
 * What an accelerator is and can do, and how long the example of a vision transformer takes on it in some precisions, by
 * the code of worker pods: probed, derived and judged, measured in turns with the base.
 * `--provider CPU|CUDA`, `--batches 8,1024`, `--precisions FP32,FP16,INT8Static`, `--seconds` for each measurement.
 */
export async function accelerator(say: (line: string) => void, args: readonly string[]): Promise<object> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      provider: { type: 'string', default: 'CPU' },
      batches: { type: 'string', default: '8' },
      precisions: { type: 'string', default: 'FP32,FP16,INT8Static' },
      seconds: { type: 'string', default: '20' },
    },
  });
  const provider = Provider.parse(values.provider);
  const precisions = values.precisions.split(',').map((name) => Precision.parse(name));
  const folder = await mkdtemp(join(tmpdir(), 'retune-accelerator-'));
  try {
    const store = directoryStore(folder);
    const onDevice = await loadEngine({ ...modules, provider });
    const started = performance.now();
    const { facts, abilities } = await probe({ engine: onDevice, store, provider });
    const probeSeconds = (performance.now() - started) / 1000;
    say(`probed in ${probeSeconds.toFixed(1)} s: ${JSON.stringify({ facts, ...abilities, kernels: undefined })}`);
    const table = JSON.parse(new TextDecoder().decode(await store.get(abilities.table)));

    // Variants are made and judged where there is no accelerator.
    const engine = await loadEngine(modules);
    const made = new Map<Precision, Awaited<ReturnType<typeof derive>>>();
    for (const precision of new Set<Precision>(['FP32', ...precisions])) {
      const task: DeriveTask = {
        ...{
          kind: 'Derive',
          model: vit('model.onnx'),
          heldout: vit('heldout.npz'),
          calibration: vit('calibration.npz'),
        },
        ...{ metric: 'Top1', output: 'logits' },
        candidate: { dimensions: {}, precision, engine: { threads: 1, graphOptimization: 'All' } },
      };
      made.set(precision, await derive({ engine, store }, task));
    }
    const base = made.get('FP32')?.artifact.digest ?? '';
    const trials: object[] = [];
    for (const batchSize of values.batches.split(',').map(Number)) {
      for (const precision of precisions) {
        const variant = made.get(precision);
        if (!variant) continue;
        const result = await measure(
          { store: pathToFileURL(folder).href, modules: { ...modules, provider } },
          {
            ...{ kind: 'Measure', candidate: { digest: variant.artifact.digest }, baseline: { digest: base } },
            ...{ outputs: variant.outputs, output: 'logits', inputs: vit('heldout.npz'), heldout: vit('heldout.npz') },
            ...{ batchSize, minSamples: 1000, maxMeasureMs: Number(values.seconds) * 1000, cpuLimit: 1 },
            stopWhenSlower: false,
          },
        );
        const { value, low, high } = variant.quality;
        trials.push({ precision, batchSize, quality: { value, low, high }, ...summary(result) });
        say(JSON.stringify(trials.at(-1)));
      }
    }
    return { facts, abilities, probeSeconds, trials, table };
  } finally {
    await rm(folder, { recursive: true });
  }
}
