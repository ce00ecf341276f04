import { durationMs } from '../api/units.ts';
import { createLog } from '../observe/logging.ts';
import { startServer } from '../serve/server.ts';
import { readUri } from '../stores/read.ts';
import { modules } from './worker.ts';

/** Serves a model until SIGTERM, which drains it; a second SIGTERM ends it at once. */
export async function serve(options: { model?: string; name: string; port: string; drain: string }): Promise<void> {
  const model = options.model ?? process.env.RETUNE_MODEL;
  if (!model)
    throw new Error('there is no model to serve: set RETUNE_MODEL or pass --model file:///path/to/model.onnx');
  const log = createLog();
  const server = await startServer({
    ...{ model, name: options.name, port: Number(options.port), drainMs: durationMs(options.drain), log },
    address: process.env.RETUNE_BIND_ADDRESS ?? '0.0.0.0',
    engineModule: modules.engine,
    readModel: readUri,
  });
  log.info('Listening', { url: server.url });
  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(1);
    stopping = true;
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('Draining failed', { error: String(error) });
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
