import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presence } from './hold-down.ts';
import { acceleratorType, sharedBy } from './labels.ts';

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

test('a part of a device is a type of its own, and one that containers share is told', () => {
  const product = (value: string) => ({ 'nvidia.com/gpu.product': value });
  assert.equal(acceleratorType(product('A100-SXM4-40GB-MIG-1g.5gb'))?.name, 'a100-sxm4-40gb-mig-1g-5gb');
  assert.equal(sharedBy(product('A100-SXM4-40GB-MIG-1g.5gb')), undefined);
  assert.equal(sharedBy(product('Tesla-T4-SHARED')), 'time-slicing');
  assert.equal(sharedBy({ ...product('Tesla-T4'), 'nvidia.com/gpu.sharing-strategy': 'mps' }), 'mps');
  assert.equal(sharedBy({ ...product('Tesla-T4'), 'nvidia.com/gpu.sharing-strategy': 'none' }), undefined);
  const gke = {
    'cloud.google.com/gke-accelerator': 'nvidia-l4',
    'cloud.google.com/gke-gpu-sharing-strategy': 'time-sharing',
  };
  assert.deepEqual(acceleratorType(gke), { name: 'nvidia-l4-time-sharing', match: gke });
  assert.equal(sharedBy(gke), 'time-sharing');
});
