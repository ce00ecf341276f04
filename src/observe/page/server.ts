import { createHash } from 'node:crypto';
import { serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { compress } from 'hono/compress';
import type { Log } from '../../runtime/reconcile.ts';
import { namesThisMachine, type PageAddress } from './address.ts';
import { type Asset, assets } from './assets.ts';
import type { Decision, Gate } from './auth.ts';
import type { Content, Contents } from './content.ts';
import { shell } from './views/layout.ts';

export interface PageOptions {
  contents: Contents;
  log: Log;
  /** Who may read; left out where the page is for this machine alone. */
  gate?: Gate;
}

/** Nothing runs or loads but what this server sends by itself. */
const policy = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"],
].join('; ');

const headers: Record<string, string> = {
  'Content-Security-Policy': policy,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  'Cache-Control': 'no-store',
};

const refusals: Record<Exclude<Decision, 'Allowed'>, { status: 401 | 403; error: string }> = {
  NoToken: { status: 401, error: 'send a bearer token of this cluster' },
  Unknown: { status: 401, error: 'the cluster does not know this token, or it has expired' },
  Forbidden: { status: 403, error: 'you may not get nassearches.retune.dev: ask for a role that grants it' },
};

const wantsJson = (context: Context) => /\bapplication\/json\b/.test(context.req.header('Accept') ?? '');

async function sendAsset(context: Context): Promise<Response> {
  const { style, scripts } = await assets();
  const found = [style, ...scripts].find(({ path }: Asset) => path === context.req.path);
  if (!found) return context.json({ error: `there is nothing at ${context.req.path}` }, 404);
  context.header('Content-Type', found.type);
  context.header('Cache-Control', 'public, max-age=31536000, immutable');
  context.header('Vary', 'Accept-Encoding');
  if (!/\bgzip\b/.test(context.req.header('Accept-Encoding') ?? '')) return context.body(found.text);
  context.header('Content-Encoding', 'gzip');
  return context.body(new Uint8Array(found.gzipped));
}

/** The HTML of a page; for the page that renews itself its content alone, or nothing when it is the same as before. */
async function send(context: Context, content: Content | undefined): Promise<Response> {
  if (!content) return context.json({ error: `there is nothing at ${context.req.path}` }, 404);
  const main = String(await content.main);
  if (wantsJson(context)) {
    const version = `"${createHash('sha256').update(main).digest('base64url').slice(0, 22)}"`;
    context.header('ETag', version);
    if (context.req.header('If-None-Match') === version) return context.body(null, 304);
    return context.json({ title: content.title, main });
  }
  return sendShell(context, content);
}

async function sendShell(context: Context, content: Partial<Content> = {}): Promise<Response> {
  const { style, scripts } = await assets();
  const { title = 'Retune', main } = content;
  return context.html(await shell({ title, main, style: style.path, scripts: scripts.map(({ path }) => path) }));
}

/** The page as a web application. Read-only: whatever is not GET is refused. */
export function pageApp({ contents, log, gate }: PageOptions): Hono {
  const app = new Hono();
  app.use(compress());
  app.use(async (context, next) => {
    for (const [name, value] of Object.entries(headers)) context.header(name, value);
    if (!['GET', 'HEAD'].includes(context.req.method)) {
      context.header('Allow', 'GET, HEAD');
      return context.json({ error: 'the page is read-only' }, 405);
    }
    if (!gate && !namesThisMachine(context.req.header('Host'))) {
      return context.json({ error: 'this address is for this machine alone: open it as localhost' }, 403);
    }
    return next();
  });
  app.onError((error, context) => {
    log.warn('A page could not be made', { path: context.req.path, error: String(error) });
    return context.json({ error: error.message }, 503);
  });
  app.notFound((context) => context.json({ error: `there is nothing at ${context.req.path}` }, 404));
  app.get('/assets/:name', sendAsset);
  app.use(async (context, next) => {
    if (!gate) return next();
    const authorization = context.req.header('Authorization');
    context.header('Vary', 'Authorization, Accept');
    // A browser that opens a page has no token to send: what it gets holds no data, and asks for one.
    if (authorization === undefined && !wantsJson(context)) return sendShell(context);
    const decision = await gate.decide(authorization);
    if (decision === 'Allowed') return next();
    const { status, error } = refusals[decision];
    if (status === 401) context.header('WWW-Authenticate', 'Bearer realm="retune"');
    return context.json({ error }, status);
  });

  app.get('/', async (context) => {
    const page = Number.parseInt(context.req.query('page') ?? '1', 10) || 1;
    return send(context, await contents.overview({ text: (context.req.query('q') ?? '').slice(0, 253), page }));
  });
  app.get('/searches/:namespace/:name', async (context) => {
    const { namespace, name } = context.req.param();
    return send(context, await contents.search(namespace, name));
  });
  app.get('/searches/:namespace/:search/variants/:name', async (context) => {
    const { namespace, search, name } = context.req.param();
    return send(context, await contents.variant(namespace, search, name));
  });
  app.get('/slas/:namespace/:name', async (context) => {
    const { namespace, name } = context.req.param();
    return send(context, await contents.sla(namespace, name));
  });
  app.get('/hardware/:name', async (context) => send(context, await contents.hardware(context.req.param('name'))));
  return app;
}

/** Serves the page; resolves when listening. */
export function servePage(
  { host, port }: PageAddress,
  options: PageOptions,
): Promise<{ port: number; close(): Promise<void> }> {
  const app = pageApp(options);
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: host, port }, ({ port: listening }) => {
      resolve({
        port: listening,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            // Browsers keep connections open that they may need again.
            if ('closeAllConnections' in server) server.closeAllConnections();
          }),
      });
    });
    server.on('error', reject);
  });
}
