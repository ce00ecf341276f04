import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersion } from '../../api/common.ts';
import { workerEnv } from '../../api/task.ts';
import { workerPod } from './worker-pod.ts';

const podOn = (nodeLabels?: Record<string, string>, memory = '2Gi') =>
  workerPod({
    owner: { apiVersion, kind: 'HardwareProfile', metadata: { name: 'p', namespace: 'retune-system', uid: 'u' } },
    ...{ name: 'probe-0', task: { kind: 'Probe' }, worker: { cpu: '2', memory, deadline: '5m' }, nodeLabels },
    settings: { image: 'retune:latest', namespace: 'retune-system', store: { hostPath: '/var/lib/retune' } },
  });

interface Term {
  matchExpressions: { key: string; operator: string; values?: string[] }[];
}
const termsOf = (nodeLabels: Record<string, string>) => {
  const affinity = podOn(nodeLabels).spec.affinity as {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: Term[] } };
  };
  return affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms;
};

/** As the scheduler does (Kubernetes, "Node affinity"): one of the terms, with all of its rules. */
const fits = (terms: readonly Term[], labels: Record<string, string>) =>
  terms.some(({ matchExpressions }) =>
    matchExpressions.every(({ key, operator, values = [] }) =>
      operator === 'DoesNotExist' ? !(key in labels) : values.includes(labels[key] ?? '\0'),
    ),
  );

test('a worker on a GPU has one, whole, and is told to use it', () => {
  const [container] = podOn({ 'nvidia.com/gpu.product': 'NVIDIA-H200' }).spec.containers;
  assert.deepEqual(container?.resources?.limits, { cpu: '2', memory: '4Gi', 'nvidia.com/gpu': '1' });
  assert.deepEqual(container?.resources?.requests, container?.resources?.limits);
  assert.deepEqual(
    container?.env?.find(({ name }) => name === workerEnv.provider),
    { name: 'RETUNE_PROVIDER', value: 'CUDA' },
  );
  const [large] = podOn({ 'nvidia.com/gpu.product': 'NVIDIA-H200' }, '6Gi').spec.containers;
  assert.equal(large?.resources?.limits?.memory, '6Gi');
});

test('no other worker has, and its pod is as it was', () => {
  const others: (Record<string, string> | undefined)[] = [
    undefined,
    { 'kubernetes.io/arch': 'amd64' },
    { 'retune.dev/accelerator-type': 'big' },
  ];
  for (const nodeLabels of others) {
    const [container] = podOn(nodeLabels).spec.containers;
    assert.deepEqual(container?.resources?.limits, { cpu: '2', memory: '2Gi' });
    assert.ok(!container?.env?.some(({ name }) => name === workerEnv.provider));
    if (!nodeLabels) continue;
    const [[key, value] = []] = Object.entries(nodeLabels);
    assert.deepEqual(termsOf(nodeLabels), [{ matchExpressions: [{ key, operator: 'In', values: [value] }] }]);
  }
});

test('a pod for a whole GPU runs on no node that cuts or shares it, and one for a part on no other', () => {
  const product = { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-40GB' };
  const nodes = {
    plain: product,
    whole: { ...product, 'nvidia.com/mig.config': 'all-disabled', 'nvidia.com/gpu.sharing-strategy': 'none' },
    cut: { ...product, 'nvidia.com/mig.config': 'all-1g.5gb' },
    shared: { ...product, 'nvidia.com/gpu.sharing-strategy': 'mps' },
  };
  const named = (match: Record<string, string>) =>
    Object.entries(nodes).flatMap(([name, labels]) => (fits(termsOf(match), labels) ? [name] : []));
  assert.deepEqual(named(product), ['plain', 'whole']);
  assert.deepEqual(named(nodes.cut), ['cut']);
  const gke = { 'cloud.google.com/gke-accelerator': 'nvidia-l4' };
  const timeSharing = { ...gke, 'cloud.google.com/gke-gpu-sharing-strategy': 'time-sharing' };
  assert.deepEqual([fits(termsOf(gke), gke), fits(termsOf(gke), timeSharing)], [true, false]);
  assert.deepEqual([fits(termsOf(timeSharing), gke), fits(termsOf(timeSharing), timeSharing)], [false, true]);
});
