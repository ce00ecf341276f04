import type { Engine } from '../../src/engines/engine.ts';
import { engine as ort } from '../../src/engines/onnxruntime/onnxruntime.ts';

const share = Number(process.env.RETUNE_BENCH_SLOWDOWN ?? 0);

/** ONNX Runtime, except that a run takes a known share longer: a true difference to be found. */
export const engineOn = (): Engine => ({
  version: ort.version,
  optimise: ort.optimise,
  async load(model, options) {
    const session = await ort.load(model, options);
    return {
      ...session,
      async run(feeds) {
        const started = performance.now();
        const outputs = await session.run(feeds);
        const until = performance.now() + share * (performance.now() - started);
        while (performance.now() < until);
        return outputs;
      },
    };
  },
});
