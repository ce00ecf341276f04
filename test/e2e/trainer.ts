/** A search whose variants go through a container of the user's before they are judged, on real kubelets. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { dump, load as parse } from 'js-yaml';
import type { NASSearch } from '../../src/api/nas-search.ts';
import { nasSearches, variants } from '../../src/api/resources.ts';
import type { Cluster } from '../../src/runtime/cluster/cluster.ts';
import { findCondition } from '../../src/runtime/conditions.ts';
import type { TestCluster } from '../cluster/cluster.ts';
import { apply, until } from './operator.ts';
import type { PodRecord } from './pod-record.ts';

const [namespace, name] = ['default', 'trained'];

/** Hands the candidate back as it came: what it does to weights is not the cluster's concern. */
const program = `
const { copyFileSync } = require('node:fs');
const { RETUNE_QUANTIZED, RETUNE_CANDIDATE, RETUNE_OUTPUT } = process.env;
copyFileSync(RETUNE_QUANTIZED ?? RETUNE_CANDIDATE, RETUNE_OUTPUT);
`;

export function trainer(
  open: () => { real: TestCluster; cluster: Cluster; pods: PodRecord },
  accelerator: string,
): void {
  test('candidates are trained in an image of the user, and judged as they came back', async () => {
    const { real, cluster, pods } = open();
    const search = parse(await readFile('manifests/samples/search.yaml', 'utf8')) as NASSearch;
    search.metadata.name = name;
    Object.assign(search.spec, {
      ...{ accelerators: [accelerator], workload: { batchSize: 20 }, measurement: { maxTime: '90s' } },
      budget: { maxVariants: 2, maxDuration: '10m' },
      trainer: { image: 'retune:latest', command: ['node', '-e', program] },
    });
    await apply(real, dump(search));
    const done = await until(
      async () => {
        const found = await cluster.get(nasSearches, { namespace, name });
        const condition = findCondition(found?.status?.conditions, 'Succeeded');
        return condition && condition.status !== 'Unknown' ? condition : undefined;
      },
      'the search with a trainer ends',
      600,
    );
    assert.equal(done.reason, 'Completed', done.message);
    const its = await cluster.list(variants, { namespace, labels: { 'retune.dev/search': name } });
    const trained = its.filter(({ spec }) => spec.trainer);
    assert.equal(trained.length, 1);
    for (const { metadata, status } of trained) {
      assert.equal(findCondition(status?.conditions, 'Ready')?.status, 'True', JSON.stringify(status));
      const pod = pods.all().find((seen) => seen.name === `${metadata.name}-0`)?.pod;
      assert.deepEqual(
        pod?.spec.initContainers?.map((container) => container.name),
        ['prepare', 'trainer'],
      );
    }
    await cluster.delete(nasSearches, { namespace, name });
  });
}
