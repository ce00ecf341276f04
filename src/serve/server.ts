import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { serve } from '@hono/node-server';
import type { Log } from '../runtime/reconcile.ts';
import { app } from './app.ts';
import { serveMetrics } from './metrics.ts';
import { type ServedModel, serveModel } from './served-model.ts';

export interface ServerOptions {
  /** URI of the model. */
  model: string;
  /** Its name in the protocol. */
  name: string;
  address: string;
  port: number;
  /** How long to serve on after `stop`, until all load balancers have heard that it is no longer ready. */
  drainMs: number;
  engineModule: string;
  /** The bytes that a URI names; throws Error with a sentence. */
  readModel: (uri: string) => Promise<Uint8Array>;
  log: Log;
}

export interface RunningServer {
  url: string;
  /** Says that it is not ready, serves on for the drain time, answers what it has begun, and ends. */
  stop(): Promise<void>;
}

/** Serves one model. Listens at once, is ready when the model is loaded; throws Error with a sentence if it can't be. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { name, address, port, drainMs, engineModule, readModel, log } = options;
  let model: ServedModel | undefined;
  let draining = false;
  const metrics = serveMetrics(() => model?.pending() ?? 0);

  async function swap(uri: string): Promise<void> {
    const next = await serveModel(uri, engineModule, readModel);
    metrics.announce(next.digest);
    const before = model;
    model = next;
    log.info('Serving', { model: name, uri, digest: next.digest });
    // Requests that the old model has begun are answered by it.
    void before?.close();
  }

  const hono = app({ name, model: () => model, swap, draining: () => draining, metrics });
  const server = await new Promise<Server>((resolve, reject) => {
    const listening = serve({ fetch: hono.fetch, hostname: address, port }, () => resolve(listening)) as Server;
    listening.once('error', reject);
  });
  const stopListening = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    });
  try {
    await swap(options.model);
  } catch (error) {
    await stopListening();
    throw error;
  }
  return {
    url: `http://${address === '0.0.0.0' ? '127.0.0.1' : address}:${(server.address() as AddressInfo).port}`,
    async stop() {
      draining = true;
      log.info('Draining', { seconds: drainMs / 1000 });
      await sleep(drainMs);
      await stopListening();
      await model?.close();
    },
  };
}
