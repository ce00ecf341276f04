/** A type of hardware that appears while everything runs: nobody asks for it to be searched. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nasSearches, trials, variants } from '../../src/api/resources.ts';
import type { Cluster } from '../../src/runtime/cluster/cluster.ts';
import { findCondition } from '../../src/runtime/conditions.ts';
import type { TestCluster } from '../cluster/cluster.ts';
import { until } from './operator.ts';

interface Open {
  real: TestCluster;
  cluster: Cluster;
  figures: Record<string, unknown>;
}

const ofSearch = { namespace: 'default', labels: { 'retune.dev/search': 'quickstart' } };

/** Goes on from the quick start's search, which has ended on `accelerators`. */
export function newHardware(open: () => Open, options: { accelerators: string[]; maxVariants: number }): void {
  const { accelerators, maxVariants } = options;

  test('a node of a type that nobody has seen is probed and searched without being asked', async () => {
    const { real, cluster, figures } = open();
    const theStatus = async () =>
      (await cluster.get(nasSearches, { namespace: 'default', name: 'quickstart' }))?.status;
    const before = (await theStatus())?.accelerators ?? [];
    const made = (await cluster.list(variants, ofSearch)).length;
    const labelled = await real.kubectl([
      'label',
      'node',
      'node-b',
      'retune.dev/accelerator-type=third',
      '--overwrite',
    ]);
    assert.equal(labelled.code, 0, labelled.stderr);
    const done = await until(
      async () => {
        const found = await theStatus();
        return found?.finished && found.accelerators?.some(({ name }) => name === 'third') ? found : undefined;
      },
      'the search has a third front',
      600,
    );
    const statusOn = (type: string) => done.accelerators?.find(({ name }) => name === type);
    const third = statusOn('third');
    assert.equal(findCondition(done.conditions, 'Succeeded')?.reason, 'Completed');
    assert.ok(third?.front.length && third.recommended, JSON.stringify(third));
    assert.deepEqual(
      accelerators.map((type) => statusOn(type)?.front),
      accelerators.map((type) => before.find(({ name }) => name === type)?.front),
      'what was measured stands',
    );
    const its = (await cluster.list(trials, ofSearch)).filter(({ spec }) => spec.accelerator === 'third');
    assert.ok(its.length <= maxVariants && its.every(({ status }) => status?.node === 'node-b'));
    const added = (await cluster.list(variants, ofSearch)).length - made;
    assert.ok(added < its.length, 'what was made for others is used again');
    figures.third = { trials: its.length, newVariants: added, front: third.front.map(({ label }) => label) };
  });
}
