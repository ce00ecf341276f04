import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersion } from '../../api/common.ts';
import type { NASSearch, NASSearchSpec } from '../../api/nas-search.ts';
import { nasSearches, variants } from '../../api/resources.ts';
import { withDefaults } from '../../api/validate.ts';
import type { Quality, Variant } from '../../api/variant.ts';
import { embeddedKinds } from '../../cli/embedded-kinds.ts';
import type { Pod } from '../../runtime/cluster/core-types.ts';
import { EmbeddedApi } from '../../runtime/cluster/embedded/api/api.ts';
import { variantOf } from '../search/children.ts';
import { decide, taskOf } from './decide.ts';
import { gather, type VariantSnapshot } from './gather.ts';

const nowMs = Date.parse('2026-01-01T12:00:00Z');
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

const aSearch = (quality: object): NASSearch =>
  withDefaults({
    ...{ apiVersion, kind: 'NASSearch', metadata: { name: 'quick', namespace: 'default', uid: 'u' } },
    spec: {
      ...{ model: { uri: 'file:///m.onnx' }, data: { heldout: { uri: 'file:///h.npz' } } },
      ...{ quality, worker: { deadline: '10m' } },
    } as unknown as NASSearchSpec,
  });

function snapshotOf(quality: object, change: Partial<VariantSnapshot> = {}): VariantSnapshot {
  const search = aSearch(quality);
  const engine = { threads: 1, graphOptimization: 'All' } as const;
  const first = variantOf(search, { dimensions: {}, precision: 'FP32', engine });
  const variant = variantOf(search, { dimensions: {}, precision: 'INT8Static', engine }, first);
  return { search, variant, base: undefined, pod: undefined, ...change };
}

test('a worker is told the metric with all that belongs to it, and a share of its deadline for a command', () => {
  const command = { metric: 'Command', command: ['./judge'], higherIsBetter: true };
  const { commandLimitMs, baseline, ...task } = taskOf(snapshotOf(command));
  assert.deepEqual([task.metric, task.command, task.higherIsBetter], ['Command', ['./judge'], true]);
  assert.deepEqual([commandLimitMs, baseline], [480_000, undefined]);
  const { output, commandLimitMs: none } = taskOf(snapshotOf({ metric: 'Perplexity', output: 'logits' }));
  assert.deepEqual([output, none], ['logits', undefined]);
});

test('a variant is judged beside the base variant, once that is made', () => {
  const snapshot = snapshotOf({ metric: 'Top1' });
  const artifact = { digest: digest('a'), uri: 'file:///a', sizeBytes: 1 };
  const base: Variant = { ...snapshot.variant, status: { artifact, outputs: digest('b') } };
  assert.deepEqual(taskOf({ ...snapshot, base }).baseline, { digest: digest('a'), outputs: digest('b') });
});

test('the base variant is found in the cluster, and is no base of its own', async () => {
  const cluster = new EmbeddedApi(embeddedKinds);
  const { search, variant } = snapshotOf({ metric: 'Top1' });
  assert.ok(search);
  const base = variantOf(search, { ...variant.spec.candidate, precision: 'FP32' });
  const made = await cluster.create(nasSearches, search);
  await cluster.replaceStatus(nasSearches, { ...made, status: { base: 'quick-base' } });
  for (const one of [base, variant]) await cluster.create(variants, one);
  const key = (name: string) => ({ namespace: 'default', name });
  const found = await gather(cluster, key(variant.metadata.name));
  assert.equal(found?.base?.metadata.name, 'quick-base');
  assert.equal((await gather(cluster, key('quick-base')))?.base, undefined);
});

test('what was judged is told in its own words', () => {
  const told = (quality: Quality) => {
    const result = {
      ...{ kind: 'Derive', outputs: digest('b'), quality, dimensions: [] },
      artifact: { digest: digest('a'), uri: 'file:///a', sizeBytes: 4096 },
    };
    const terminated = { exitCode: 0, message: JSON.stringify(result), finishedAt: '2026-01-01T12:00:00Z' };
    const pod = {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default' }, spec: { containers: [] } },
      status: { phase: 'Succeeded', containerStatuses: [{ name: 'worker', state: { terminated } }] },
    } as unknown as Pod;
    const { status } = decide(snapshotOf({ metric: 'Top1' }, { pod }), nowMs);
    return status.conditions?.find(({ type }) => type === 'Ready')?.message;
  };
  const one = { value: 0.988, low: 0.98, high: 0.99, samples: 2000 };
  assert.equal(
    told({ metric: 'Top1', ...one, dropHigh: 0.0071 }),
    '98.80% Top1 on 2000 inputs, at most 0.71% worse than the base, 4096 bytes',
  );
  assert.equal(told({ metric: 'Spearman', ...one }), '0.9880 Spearman on 2000 pairs, 4096 bytes');
  assert.match(told({ metric: 'MSE', ...one, dropHigh: -0.01 }) ?? '', /MSE on 2000 inputs, better than the base,/);
});
