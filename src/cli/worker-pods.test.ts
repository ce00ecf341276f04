import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersion } from '../api/common.ts';
import { NASSearchSpec } from '../api/nas-search.ts';
import { type PodSettings, workerPod } from '../controllers/shared/worker-pod.ts';
import { podSettings } from './worker-pods.ts';

const ref = { uri: 'file:///models/m.onnx' };

function podWith(pods: PodSettings, options: { accelerator?: string; queueName?: string } = {}) {
  const { worker } = NASSearchSpec.parse({ model: ref, data: { heldout: ref } });
  const { accelerator, queueName } = options;
  return workerPod({
    owner: { apiVersion, kind: 'Trial', metadata: { name: 't', namespace: 'default', uid: 'u' } },
    ...{ name: 't-0', task: { kind: 'Probe' }, worker: { ...worker, queueName } },
    ...(accelerator && { accelerator, nodeLabels: { accelerator } }),
    settings: { image: 'retune:latest', namespace: 'retune-system', store: { claimName: 'models' }, pods },
  });
}

test('what an administrator sets is in every worker pod, and tolerations in those of their accelerator alone', () => {
  const text = JSON.stringify({
    priorityClassName: 'batch',
    imagePullSecrets: [{ name: 'registry' }],
    tolerations: [{ key: 'benchmarks', operator: 'Exists' }],
    accelerators: { a100: { tolerations: [{ key: 'a100', operator: 'Equal', value: 'true', effect: 'NoSchedule' }] } },
  });
  const keys = (accelerator?: string) =>
    podWith(podSettings(text), { accelerator }).spec.tolerations?.map(({ key }) => key);
  assert.deepEqual(keys('a100'), ['nvidia.com/gpu', 'benchmarks', 'a100']);
  assert.deepEqual(keys('l4'), ['nvidia.com/gpu', 'benchmarks']);
  assert.deepEqual(keys(), ['benchmarks'], 'a pod that runs anywhere tolerates no accelerator');
  const { spec } = podWith(podSettings(text));
  assert.deepEqual([spec.priorityClassName, spec.imagePullSecrets], ['batch', [{ name: 'registry' }]]);
});

test("a search's own queue goes before the administrator's", () => {
  const queue = (queueName?: string) =>
    podWith(podSettings('{"queueName":"all"}'), { queueName }).metadata.labels?.['kueue.x-k8s.io/queue-name'];
  assert.deepEqual([queue(), queue('mine')], ['all', 'mine']);
  assert.equal(podWith(podSettings(undefined)).metadata.labels?.['kueue.x-k8s.io/queue-name'], undefined);
});

test('a mistake is told with the field that it is in', () => {
  assert.throws(() => podSettings('{'), /RETUNE_WORKER_PODS is no JSON/);
  assert.throws(
    () => podSettings('{"tolerations":[{"operator":"Has"}]}'),
    /RETUNE_WORKER_PODS: tolerations\.0\.operator/,
  );
  assert.throws(() => podSettings('{"queue":"x"}'), /RETUNE_WORKER_PODS: .*queue/);
});
