import { moduleUrl } from '../runtime/modules.ts';
import type { Modules } from '../worker/modules.ts';
import { runWorker } from '../worker/run.ts';

/** The adapters that processes of their own load: the one engine there is today, and what opens stores. */
export const modules: Modules = {
  engine: moduleUrl('../engines/onnxruntime/onnxruntime.ts', import.meta.url),
  stores: moduleUrl('../stores/access.ts', import.meta.url),
};

/** Does the task in RETUNE_TASK, says the result, and ends. */
export async function worker(): Promise<void> {
  process.exitCode = await runWorker(modules, process.env);
}
