import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fingerprint } from './fingerprint.ts';
import { presence } from './hold-down.ts';
import { acceleratorType, deviceOf, excludedLabels, sharedBy } from './labels.ts';

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

test('a whole device and its parts are types of their own, and no pod for the one runs on the other', () => {
  const product = { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-40GB' };
  const whole = { ...product, 'nvidia.com/mig.config': 'all-disabled', 'nvidia.com/gpu.sharing-strategy': 'none' };
  const cut = { ...product, 'nvidia.com/mig.config': 'all-1g.5gb' };
  assert.deepEqual(acceleratorType(whole), acceleratorType(product));
  assert.deepEqual(acceleratorType(cut), { name: 'nvidia-a100-sxm4-40gb-all-1g-5gb', match: cut });
  const named = { 'nvidia.com/gpu.product': 'A100-SXM4-40GB-MIG-1g.5gb', 'nvidia.com/mig.config': 'all-1g.5gb' };
  assert.equal(acceleratorType(named)?.name, 'a100-sxm4-40gb-mig-1g-5gb');
  const keys = (match: Record<string, string>) => excludedLabels(match).map(({ key }) => key);
  assert.ok(keys(product).includes('nvidia.com/mig.config') && !keys(cut).includes('nvidia.com/mig.config'));
  const gke = { 'cloud.google.com/gke-accelerator': 'nvidia-l4' };
  assert.ok(keys(gke).includes('cloud.google.com/gke-gpu-partition-size'));
  assert.ok(keys(gke).includes('cloud.google.com/gke-gpu-sharing-strategy'));
  const part = { ...gke, 'cloud.google.com/gke-gpu-partition-size': '1g.5gb' };
  assert.deepEqual(acceleratorType(part), { name: 'nvidia-l4-1g-5gb', match: part });
  assert.deepEqual([keys(named), keys({ 'kubernetes.io/arch': 'amd64' })], [[], []]);
});

test('NVIDIA GPUs are asked for by their resource, whoever names them, and nothing else is', () => {
  const device = (key: string, value: string) => deviceOf({ [key]: value })?.resource;
  for (const [key, value] of [
    ['nvidia.com/gpu.product', 'Tesla-T4'],
    ['cloud.google.com/gke-accelerator', 'nvidia-h100-80gb'],
    ['karpenter.k8s.aws/instance-gpu-name', 'l40s'],
    ['karpenter.azure.com/sku-gpu-name', 'A100'],
    ['k8s.amazonaws.com/accelerator', 'nvidia-tesla-v100'],
  ] as const) {
    assert.equal(device(key, value), 'nvidia.com/gpu');
  }
  for (const [key, value] of [
    ['amd.com/gpu.product-name', 'MI300X'],
    ['cloud.google.com/gke-tpu-accelerator', 'tpu-v5-lite-podslice'],
    ['karpenter.k8s.aws/instance-accelerator-name', 'inferentia2'],
    ['karpenter.k8s.aws/instance-gpu-name', 'radeon-pro-v520'],
    ['node.kubernetes.io/instance-type', 'g4dn.xlarge'],
    ['kubernetes.io/arch', 'amd64'],
  ] as const) {
    assert.equal(device(key, value), undefined);
  }
});

test('another card, driver or power limit is another machine; without a card nothing changed', () => {
  const machine = { cpuModel: 'EPYC', instructionSets: ['avx2'], cores: 1, cacheBytes: { l2: 1 }, engine: 'e 1' };
  const gpu = {
    ...{ name: 'NVIDIA H200', driver: '580.1', computeCapability: '9.0', memoryBytes: 1, partitioned: false },
    ...{ maxClockMHz: { sm: 1980 }, powerLimitWatts: 700 },
  };
  const prints = [
    machine,
    { ...machine, gpu },
    { ...machine, gpu: { ...gpu, driver: '580.2' } },
    { ...machine, gpu: { ...gpu, powerLimitWatts: 500 } },
    { ...machine, gpu: { ...gpu, partitioned: true } },
  ].map(fingerprint);
  assert.equal(new Set(prints).size, prints.length);
  // As it was before there were cards in it: profiles of processors are not probed anew.
  assert.equal(prints[0], '39p9uz8scbrws');
});
