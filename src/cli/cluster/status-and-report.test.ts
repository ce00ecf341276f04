import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { load } from 'js-yaml';
import { labels } from '../../api/common.ts';
import type { LatencySLAStatus } from '../../api/latency-sla.ts';
import { condition } from '../../controllers/search/fixtures.ts';
import { pods } from '../../runtime/cluster/core-types.ts';
import { ApiError } from '../../runtime/cluster/errors.ts';
import { render } from '../show/shown.ts';
import { coloured, plain } from '../show/style.ts';
import { columnsOf } from '../show/text.ts';
import { RefusedError, UsageError } from './failures.ts';
import { connectionTo, emptyCluster, nowMs, putSearch, putSla, quick, web, withSearch } from './fixtures.ts';
import { report } from './report.ts';
import { status } from './status.ts';

const at = new Date(nowMs - 40_000).toISOString();
const violated: LatencySLAStatus = {
  ...{ verdict: 'Violated', cause: 'Load', accelerator: 'fast', activeVariant: 'quick-base' },
  measured: { percentileMs: 212, samples: 900, ratePerSecond: 45.25, at },
  rollout: {
    ...{ variant: 'quick-abc', modelUri: 'file:///a', digest: `sha256:${'0'.repeat(64)}`, previousUri: 'file:///b' },
    ...{ step: 'Comparing', started: at, stepSince: at, message: '40 of 100 requests' },
  },
  history: [{ at, event: 'RolloutStarted', reason: 'Load', message: 'quick-abc instead of quick-base' }],
  conditions: [condition('Ready', 'True', 'RollingOut')],
};

async function busy() {
  const opened = await withSearch();
  await putSla(opened.cluster, web(violated));
  await opened.cluster.create(pods, {
    ...{ apiVersion: 'v1', kind: 'Pod', spec: { nodeName: 'node-a', containers: [{ name: 'worker' }] } },
    metadata: {
      ...{ name: 'quick-abc-0', namespace: 'default' },
      labels: { [labels.search]: 'quick', [labels.managedBy]: 'retune' },
    },
  });
  return opened;
}

test('an SLA stands above its rollout, its search, the accelerators and the pods that work for it', async () => {
  const { connection, search } = await busy();
  const shown = await status(connection, undefined);
  const lines = shown.lines(plain());
  const indentOf = (part: RegExp) => {
    const found = lines.find((line) => part.test(line));
    assert.ok(found, `${part} in\n${lines.join('\n')}`);
    return found.search(/[A-Za-z]/);
  };
  assert.equal(indentOf(/LatencySLA web {2}Violated by Load {2}P99 212\.0 ms of 50ms, 45\.3 requests\/s/), 0);
  assert.ok(indentOf(/rollout of quick-abc {2}Comparing {2}for 40s/) > 0);
  const searchAt = indentOf(/NASSearch quick {2}Completed/);
  const recommended = search.status?.accelerators?.[0]?.recommended;
  assert.ok(indentOf(new RegExp(`fast {2}7 measured, \\d on the front {2}recommends ${recommended}`)) > searchAt);
  assert.ok(indentOf(/pod quick-abc-0 {2}Pending on node-a/) > searchAt);
  assert.ok(lines.some((line) => line.includes('40 of 100 requests')));
  for (const width of [80, 120]) {
    for (const style of [plain(width), coloured(width)]) {
      for (const line of shown.lines(style)) assert.ok(columnsOf(line) <= width, line);
    }
  }
});

test('the data is the same as json and as yaml, and says where each stands', async () => {
  const { connection } = await busy();
  const shown = await status(connection, undefined);
  const data = JSON.parse(render(shown, 'json', plain()));
  assert.deepEqual(load(render(shown, 'yaml', plain())), data);
  assert.deepEqual([data.slas[0].verdict, data.slas[0].rollout.step], ['Violated', 'Comparing']);
  assert.deepEqual(data.searches[0].pods, [{ name: 'quick-abc-0', phase: 'Pending', node: 'node-a' }]);
});

test('one is shown by its name, and a search of no SLA stands alone', async () => {
  const { connection, cluster } = await busy();
  const snapshot = quick();
  const other = { ...snapshot.search, metadata: { ...snapshot.search.metadata, name: 'other', namespace: 'team' } };
  await putSearch(cluster, { ...snapshot, search: other, variants: [], trials: [], profiles: [] });
  const one = (await status(connection, 'nas/quick')).lines(plain());
  assert.match(one[0] ?? '', /^NASSearch quick/);
  assert.ok(!one.some((line) => line.includes('LatencySLA')));
  const everywhere = (await status(connection, undefined, true)).lines(plain());
  assert.ok(everywhere.some((line) => line.startsWith('NASSearch team/other')));
  assert.ok(everywhere.some((line) => line.startsWith('LatencySLA default/web')));
  const here = (await status({ ...connection, namespace: 'team' }, undefined)).lines(plain());
  assert.match(here[0] ?? '', /^NASSearch other/);
  await assert.rejects(status(connection, 'nothing'), UsageError);
});

test('where pods may not be seen the rest is shown, and an empty namespace says that it is', async () => {
  const { connection, cluster } = await busy();
  const list = cluster.list.bind(cluster);
  cluster.list = async (type, options) => {
    if (type.plural === 'pods') throw new ApiError('Forbidden', 'pods is forbidden');
    return list(type, options);
  };
  const shown = await status(connection, undefined);
  assert.deepEqual(shown.warnings, ['worker pods are not shown: you may not list pods']);
  assert.ok(shown.lines(plain()).length > 3);
  const empty = await status(connectionTo(emptyCluster()), undefined);
  assert.match(empty.lines(plain()).join(), /there is no LatencySLA and no NASSearch in namespace default/);
});

test('a report is one file with every measured variant, of a search or of an SLA', async () => {
  const { connection, variants } = await busy();
  const folder = await mkdtemp(join(tmpdir(), 'retune-report-'));
  try {
    for (const name of ['quick', 'web']) {
      const file = join(folder, `${name}.html`);
      await report(connection, name, file);
      const page = await readFile(file, 'utf8');
      assert.match(page, /<h2[^>]*>[^<]*Search [^<]*quick/);
      assert.equal(page.split('<tr').length - 1 >= variants.length, true);
      assert.equal(/<h2[^>]*>[^<]*SLA [^<]*web/.test(page), name === 'web');
    }
    await assert.rejects(report(connection, 'quick', join(folder, 'none', 'x.html')), RefusedError);
  } finally {
    await rm(folder, { recursive: true });
  }
});
