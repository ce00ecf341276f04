import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presence } from './hold-down.ts';
import { acceleratorType } from './labels.ts';

test('a GPU says more of a node than its instance type, and that more than its architecture', () => {
  const labels = { 'kubernetes.io/arch': 'amd64', 'node.kubernetes.io/instance-type': 'g4dn.xlarge' };
  assert.deepEqual(acceleratorType({ ...labels, 'nvidia.com/gpu.product': 'Tesla-T4' }), {
    name: 'tesla-t4',
    match: { 'nvidia.com/gpu.product': 'Tesla-T4' },
  });
  assert.equal(acceleratorType(labels)?.name, 'g4dn-xlarge');
  assert.equal(acceleratorType({ 'kubernetes.io/arch': 'arm64' })?.name, 'arm64');
  assert.equal(acceleratorType({ other: 'x' }), undefined);
  assert.equal(acceleratorType(labels, ['kubernetes.io/arch'])?.name, 'amd64');
});

test('a type counts after it has been there for a while, and starts over when its last node goes', () => {
  const start = Date.parse('2026-01-01T00:00:00Z');
  const first = presence(1, undefined, 120_000, start);
  assert.deepEqual(first, { stableSince: '2026-01-01T00:00:00.000Z', stable: false, againInMs: 120_000 });
  assert.equal(presence(2, first.stableSince, 120_000, start + 119_000).stable, false);
  assert.equal(presence(1, first.stableSince, 120_000, start + 120_000).stable, true);
  assert.deepEqual(presence(0, first.stableSince, 120_000, start + 300_000), { stable: false });
  assert.equal(presence(1, undefined, 0, start).stable, true);
});
