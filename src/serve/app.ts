import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { version as release } from '../runtime/version.ts';
import type { ServeMetrics } from './metrics.ts';
import { RequestError, readInference } from './protocol/request.ts';
import { writeInference } from './protocol/response.ts';
import type { ServedModel } from './served-model.ts';

export interface AppState {
  name: string;
  /** The model that answers now; undefined until the first is loaded. */
  model(): ServedModel | undefined;
  /** Loads another model and puts it in place of the present one. */
  swap(uri: string): Promise<void>;
  draining(): boolean;
  metrics: ServeMetrics;
}

const version = '1';
const mostBytes = 64 * 2 ** 20;
const headerLengthHeader = 'Inference-Header-Content-Length';
const LoadRequest = z.object({ parameters: z.object({ uri: z.string() }) });

/** The Open Inference Protocol v2 over HTTP, with binary tensors, the model repository's load, and /metrics. */
export function app(state: AppState): Hono {
  const hono = new Hono();
  const ready = () => state.model() !== undefined && !state.draining();

  function served(name: string | undefined): ServedModel {
    if (name !== state.name) throw new RequestError(`there is no model "${name}" here, "${state.name}" is served`, 404);
    const model = state.model();
    if (!model) throw new RequestError('the model is still being loaded', 503);
    return model;
  }

  hono.use(async (context, next) => {
    await next();
    // Whoever keeps a connection to a server that is about to end would lose its next request.
    if (state.draining()) context.res.headers.set('Connection', 'close');
  });
  hono.onError((error, context) => {
    const status = error instanceof RequestError ? error.status : 500;
    return context.json({ error: error.message }, status);
  });
  hono.notFound((context) => context.json({ error: `there is nothing at ${context.req.path}` }, 404));

  hono.get('/v2', (context) =>
    context.json({ name: 'retune', version: release, extensions: ['binary_tensor_data', 'model_repository'] }),
  );
  hono.get('/v2/health/live', (context) => context.json({ live: true }));
  hono.get('/v2/health/ready', (context) => context.json({ ready: ready() }, ready() ? 200 : 503));
  hono.get('/metrics', async (context) =>
    context.body(await state.metrics.registry.metrics(), 200, { 'Content-Type': state.metrics.registry.contentType }),
  );

  const infer = async (context: Context) => {
    const started = performance.now();
    const body = new Uint8Array(await context.req.arrayBuffer());
    // Only now: a swap while the body arrived would have closed the model taken before it.
    const model = served(context.req.param('model'));
    let [code, elements] = [200, 0];
    try {
      const length = context.req.header(headerLengthHeader);
      const inference = readInference(body, length === undefined ? undefined : Number(length), model.inputs);
      elements = Object.values(inference.feeds).reduce((sum, { data }) => sum + data.length, 0);
      const results = await model.run(inference.feeds);
      const answer = writeInference(inference, results, { name: state.name, version });
      const binary = answer.headerLength !== undefined;
      context.header('Content-Type', binary ? 'application/octet-stream' : 'application/json');
      if (binary) context.header(headerLengthHeader, String(answer.headerLength));
      return context.body(answer.body);
    } catch (error) {
      code = error instanceof RequestError ? error.status : 500;
      throw error;
    } finally {
      const seconds = (performance.now() - started) / 1000;
      state.metrics.observe({ variant: model.digest, code, seconds, elements });
    }
  };
  const describe = (context: Context) => {
    const { inputs, outputs } = served(context.req.param('model'));
    const list = (tensors: ServedModel['inputs']) =>
      tensors.map(({ name, type, shape }) => ({ name, datatype: type, shape }));
    return context.json({
      ...{ name: state.name, versions: [version], platform: 'onnx_onnxruntime' },
      ...{ inputs: list(inputs), outputs: list(outputs) },
    });
  };
  const limit = bodyLimit({
    maxSize: mostBytes,
    onError: (context) => context.json({ error: `a request may have ${mostBytes} bytes: send smaller batches` }, 413),
  });
  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version']) {
    hono.get(path, describe);
    hono.get(`${path}/ready`, (context) => {
      const isReady = context.req.param('model') === state.name && ready();
      return context.json({ name: state.name, ready: isReady }, isReady ? 200 : 503);
    });
    hono.post(`${path}/infer`, limit, infer);
  }

  hono.post('/v2/repository/index', (context) =>
    context.json([{ name: state.name, version, state: ready() ? 'READY' : 'UNAVAILABLE', reason: '' }]),
  );
  hono.post('/v2/repository/models/:model/load', async (context) => {
    if (context.req.param('model') !== state.name) served(context.req.param('model'));
    const parsed = LoadRequest.safeParse(await context.req.json().catch(() => undefined));
    if (!parsed.success) throw new RequestError('say which model to load: {"parameters": {"uri": "file:///…"}}');
    await state.swap(parsed.data.parameters.uri).catch((error: Error) => {
      throw new RequestError(error.message);
    });
    return context.body(null, 200);
  });
  return hono;
}
