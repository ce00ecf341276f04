/** The thread that holds one model and runs it: the engine blocks the thread it is called on. */
import { parentPort, workerData } from 'node:worker_threads';
import { Provider, workerEnv } from '../api/task.ts';
import type { Engine, Tensor } from '../engines/engine.ts';
import type { ThreadReply, ThreadRequest, ThreadSetup } from './inference.ts';

const { engineModule, model, options } = workerData as ThreadSetup;
const say = (reply: ThreadReply, transfer: ArrayBuffer[] = []) => parentPort?.postMessage(reply, transfer);
const sentence = (error: unknown) => (error instanceof Error ? error.message : String(error));
const buffers = (tensors: Record<string, Tensor>) =>
  Object.values(tensors).flatMap(({ data: { buffer } }) => (buffer instanceof ArrayBuffer ? [buffer] : []));

try {
  const { engineOn } = (await import(engineModule)) as { engineOn: (provider: Provider) => Engine };
  // As workers are told: what is served must run as it was measured.
  const session = await engineOn(Provider.parse(process.env[workerEnv.provider] ?? 'CPU')).load(model, options);
  // Requests that arrive while one runs wait in the port, in order.
  let last = Promise.resolve();
  parentPort?.on('message', ({ id, feeds }: ThreadRequest) => {
    last = last
      .then(() => session.run(feeds))
      .then((outputs) => say({ kind: 'Outputs', id, outputs }, buffers(outputs)))
      .catch((error: unknown) => say({ kind: 'Failed', id, message: sentence(error) }));
  });
  say({ kind: 'Ready', inputs: session.inputs, outputs: session.outputs });
} catch (error) {
  say({ kind: 'Failed', message: sentence(error) });
}
