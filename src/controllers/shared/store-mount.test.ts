import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type StoreSettings, storeMount } from './store-mount.ts';
import { workerPod } from './worker-pod.ts';

const podWith = (store: StoreSettings, trainer?: string) =>
  workerPod({
    owner: { apiVersion: 'retune.dev/v1alpha1', kind: 'Variant', metadata: { name: 'v', namespace: 'team', uid: 'u' } },
    name: 'v-0',
    task: {
      kind: 'Derive',
      ...{ model: { uri: 'file:///m.onnx' }, heldout: { uri: 'file:///h.npz' }, metric: 'Top1' },
      candidate: { dimensions: {}, precision: 'FP32', engine: { threads: 1, graphOptimization: 'All' } },
      ...(trainer && { trainer: { image: trainer, command: ['train'], deadline: '5m', seed: 0 } }),
    },
    worker: { cpu: '1', memory: '1Gi', deadline: '5m' },
    settings: { image: 'retune:latest', namespace: 'retune-system', store },
  });

test('a folder or a claim is mounted where its URI says', () => {
  const { spec } = podWith({ claimName: 'models', mountPath: '/data' });
  const [worker] = spec.containers;
  assert.ok(worker?.env?.some(({ name, value }) => name === 'RETUNE_STORE' && value === 'file:///data'));
  assert.deepEqual(worker?.volumeMounts?.[0], { name: 'artifacts', mountPath: '/data' });
  assert.deepEqual(spec.volumes?.[0], { name: 'artifacts', persistentVolumeClaim: { claimName: 'models' } });
});

test('a store over the network comes as its URI; credentials are a mounted Secret, and in no variable', () => {
  const { spec } = podWith({ uri: 's3://models/retune', secretName: 'retune-store' });
  const [worker] = spec.containers;
  const told = Object.fromEntries((worker?.env ?? []).map(({ name, value }) => [name, value]));
  assert.equal(told.RETUNE_STORE, 's3://models/retune');
  const mount = worker?.volumeMounts?.find(({ mountPath }) => mountPath === told.RETUNE_STORE_CREDENTIALS);
  assert.equal(mount?.readOnly, true);
  assert.deepEqual(
    spec.volumes?.find(({ name }) => name === mount?.name),
    { name: 'store-credentials', secret: { secretName: 'retune-store', defaultMode: 0o440 } },
  );
  assert.deepEqual([spec.serviceAccountName, spec.automountServiceAccountToken], [undefined, false]);
});

test('workload identity is a service account, without its token of the cluster', () => {
  const { spec, metadata } = podWith({ uri: 's3://models', serviceAccountName: 'retune-worker' });
  assert.deepEqual([spec.serviceAccountName, spec.automountServiceAccountToken], ['retune-worker', false]);
  assert.deepEqual(metadata.annotations, { 'eks.amazonaws.com/skip-containers': 'trainer' });
  assert.deepEqual(storeMount({ uri: 's3://models' }).volumes, []);
});

test("a trainer's container sees no credentials", () => {
  const { spec } = podWith({ uri: 'oci://registry/models', secretName: 'retune-store' }, 'trainer:1');
  const containers = Object.fromEntries((spec.initContainers ?? []).map((each) => [each.name, each]));
  const mentions = (container: unknown) => /store-credentials|oci:/.test(JSON.stringify(container));
  assert.deepEqual(
    [mentions(containers.trainer), mentions(containers.prepare), mentions(spec.containers[0])],
    [false, true, true],
  );
});
