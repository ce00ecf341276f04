import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import type { Registry } from 'prom-client';

export interface Health {
  /** Whether this process does its work; false makes the kubelet restart it. */
  alive(): boolean;
  /** Whether it has read the cluster at least once. */
  ready(): boolean;
}

/** Serves /healthz, /readyz and /metrics; resolves when listening. */
export function serveHealth(options: {
  port: number;
  health: Health;
  registry: Registry;
}): Promise<{ close(): Promise<void> }> {
  const { port, health, registry } = options;
  const app = new Hono();
  app.get('/healthz', (context) => context.text(health.alive() ? 'ok' : 'stuck', health.alive() ? 200 : 503));
  app.get('/readyz', (context) => context.text(health.ready() ? 'ok' : 'starting', health.ready() ? 200 : 503));
  app.get('/metrics', async (context) =>
    context.body(await registry.metrics(), 200, { 'Content-Type': registry.contentType }),
  );
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, port }, () => {
      resolve({ close: () => new Promise((done) => server.close(() => done())) });
    });
    server.on('error', reject);
  });
}
