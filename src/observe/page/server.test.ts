import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hardwareProfiles, latencySlas, nasSearches, trials, variants } from '../../api/resources.ts';
import { embeddedKinds } from '../../cli/embedded-kinds.ts';
import type { ApiObject, Cluster, ResourceType } from '../../runtime/cluster/cluster.ts';
import { EmbeddedApi } from '../../runtime/cluster/embedded/api/api.ts';
import { pageAddress } from './address.ts';
import { type Gate, gate } from './auth.ts';
import { contents } from './content.ts';
import { example, profile, slaExample } from './fixtures.ts';
import { overview } from './model/overview.ts';
import { searchView } from './model/search.ts';
import { pageReader } from './reader.ts';
import { pageApp, servePage } from './server.ts';
import { overviewSection } from './views/overview.ts';
import { served } from './views/parts.ts';
import { searchSection } from './views/search.ts';

interface Fresh {
  main: string;
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

async function put<T extends ApiObject & { status?: unknown }>(cluster: Cluster, type: ResourceType<T>, object: T) {
  await cluster.create(type, object);
  await cluster.replaceStatus(type, object);
}

async function exampleOf(count: number): Promise<Cluster> {
  const cluster = new EmbeddedApi(embeddedKinds);
  const found = example(count);
  await put(cluster, nasSearches, found.search);
  for (const variant of found.variants) await put(cluster, variants, variant);
  for (const trial of found.trials) await put(cluster, trials, trial);
  await put(cluster, hardwareProfiles, profile);
  await put(cluster, latencySlas, slaExample());
  return cluster;
}

function appOf(cluster: Cluster, guard?: Gate) {
  const app = pageApp({ contents: contents(pageReader({ cluster, clock: Date.now })), log: quiet, gate: guard });
  return (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    app.request(path, { method, headers: { Host: 'localhost:9091', ...headers } });
}
const json = { Accept: 'application/json' };

test('every page there is answers, and a name that is not there is said to be none', async () => {
  const get = appOf(await exampleOf(5));
  for (const path of ['/', '/searches/shop/orientation', '/slas/shop/web', '/hardware/xeon-avx512']) {
    const response = await get(path);
    assert.equal(response.status, 200, path);
    assert.match(await response.text(), /<main id="content" tabindex="-1">[\s\S]*<h1/);
  }
  assert.equal((await get('/searches/shop/orientation/variants/orientation-v3')).status, 200);
  for (const path of ['/searches/shop/no', '/searches/other/orientation', '/slas/shop/no', '/hardware/no', '/no']) {
    const response = await get(path);
    assert.deepEqual([response.status, await response.json()], [404, { error: `there is nothing at ${path}` }]);
  }
});

test('the page is read-only, runs and loads nothing of others, and is kept by no cache', async () => {
  const get = appOf(await exampleOf(2));
  const { headers } = await get('/');
  assert.match(headers.get('Content-Security-Policy') ?? '', /default-src 'none'; script-src 'self'; style-src 'self'/);
  assert.doesNotMatch(headers.get('Content-Security-Policy') ?? '', /unsafe|https?:|\*/);
  assert.equal(headers.get('Cache-Control'), 'no-store');
  assert.equal(headers.get('X-Content-Type-Options'), 'nosniff');
  assert.equal(headers.get('Access-Control-Allow-Origin'), null);
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) assert.equal((await get('/', {}, method)).status, 405);
  assert.equal((await get('/', {}, 'HEAD')).status, 200);
  const text = await (await get('/')).text();
  assert.doesNotMatch(text.replaceAll(/<script src="\/assets\/[^"]*" defer>/g, ''), /<script|style="|onclick=|https?:/);
});

test('what is the same as before is not sent again', async () => {
  const cluster = await exampleOf(2);
  const get = appOf(cluster);
  const first = await get('/slas/shop/web', json);
  const version = first.headers.get('ETag') ?? '';
  assert.match(((await first.json()) as Fresh).main, /SLA shop\/web/);
  const again = await get('/slas/shop/web', { ...json, 'If-None-Match': version });
  assert.deepEqual([again.status, await again.text()], [304, '']);
  await cluster.replaceStatus(latencySlas, slaExample('web', 99));
  // A watch tells of it in its own time.
  for (const deadline = Date.now() + 5000; Date.now() < deadline; await sleep(20)) {
    const changed = await get('/slas/shop/web', { ...json, 'If-None-Match': version });
    if (changed.status === 304) continue;
    assert.match(((await changed.json()) as Fresh).main, /Violated: Load/);
    return;
  }
  assert.fail('the change was not seen within 5 s');
});

test('for this machine alone, a page of another site that resolves to it gets nothing', async () => {
  const get = appOf(await exampleOf(2));
  assert.equal((await get('/', { Host: 'evil.example:9091' })).status, 403);
  assert.equal((await get('/', { Host: '127.0.0.1:9091' })).status, 200);
});

test('elsewhere nobody sees data without a token that may read, whatever the path', async () => {
  const reviews = {
    userOf: async (token: string) => (token === 'stranger' ? undefined : { username: token }),
    mayRead: async ({ username }: { username: string }) => username === 'reader',
  };
  const get = appOf(await exampleOf(2), gate({ reviews, clock: Date.now }));
  for (const path of ['/', '/searches/shop/orientation', '/slas/shop/web', '/hardware/xeon-avx512', '/searches/a/b']) {
    const shell = await get(path, { Host: 'retune.example' });
    assert.doesNotMatch(await shell.text(), /orientation|xeon/);
    assert.equal((await get(path, json)).status, 401);
    assert.equal((await get(path, { Authorization: 'Bearer stranger' })).status, 401);
    assert.equal((await get(path, { ...json, Authorization: 'Bearer other' })).status, 403);
    assert.match((await get(path, json)).headers.get('WWW-Authenticate') ?? '', /^Bearer/);
  }
  const seen = await get('/', { Host: 'retune.example', Authorization: 'Bearer reader' });
  assert.match(await seen.text(), /shop\/orientation/);
});

test('while the API server cannot be asked nobody is let in, and the answer says why', async () => {
  const reviews = {
    userOf: async () => {
      throw new Error("the API server can't be reached");
    },
    mayRead: async () => true,
  };
  const get = appOf(await exampleOf(2), gate({ reviews, clock: Date.now }));
  const response = await get('/', { ...json, Authorization: 'Bearer reader' });
  assert.deepEqual([response.status, await response.json()], [503, { error: "the API server can't be reached" }]);
});

test('scripts and style are named by their content, kept for ever, and sent compressed', async () => {
  const get = appOf(await exampleOf(2));
  const text = await (await get('/')).text();
  const paths = [...text.matchAll(/\/assets\/[a-z]+\.[0-9a-f]{12}\.(?:js|css)/g)].map(([path]) => path);
  assert.equal(paths.length, 3);
  for (const path of paths) {
    const response = await get(path, { 'Accept-Encoding': 'gzip' });
    assert.match(response.headers.get('Cache-Control') ?? '', /immutable/);
    const sent = (await response.arrayBuffer()).byteLength;
    const plain = (await (await get(path)).arrayBuffer()).byteLength;
    assert.ok(sent < plain * 0.5, `${path}: ${sent} of ${plain} bytes`);
  }
  assert.equal((await get('/assets/page.000000000000.js')).status, 404);
});

test('with 1,000 searches and 5,000 trials a page stays small, and is soon made', async () => {
  const { search } = example(5);
  const searches = Array.from({ length: 1000 }, (_, i) => {
    return { ...search, metadata: { ...search.metadata, name: `orientation-${i}` } };
  });
  const started = performance.now();
  const lists = overviewSection(
    overview({ searches, slas: [slaExample()], profiles: [profile] }, { text: '', page: 7 }),
  );
  assert.ok(String(await lists).length < 40_000);
  const many = example(5000);
  const made = performance.now();
  const one = searchSection(searchView(many.search, many.variants, many.trials), served);
  assert.ok(String(await one).length < 400_000);
  // The operator's own work waits meanwhile.
  assert.ok(performance.now() - made < 2000 && made - started < 10_000);
});

test('a port that is taken is said', async () => {
  const address = pageAddress('127.0.0.1:0');
  assert.ok(address);
  const options = { contents: contents(pageReader({ cluster: await exampleOf(1), clock: Date.now })), log: quiet };
  const first = await servePage(address, options);
  await assert.rejects(servePage({ ...address, port: first.port }, options), /EADDRINUSE/);
  await first.close();
});
