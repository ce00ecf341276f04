import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  deploymentModeAnnotation,
  type InferenceService,
  type Revision,
  sourceAnnotation,
} from './inference-service.ts';
import { newestServes, storageUri, trackOfRevision, tracksOf, unfitOf } from './state.ts';

const [oldUri, newUri] = ['s3://models/old', 's3://models/new'];
const present = { modelUri: newUri, previousUri: oldUri };

/** On Knative, with a second revision beside the first, and `percent` of the requests for it. */
function aService(
  uri: string,
  percent?: number,
  change: Partial<InferenceService['status'] & object> = {},
): InferenceService {
  const predictor = { latestCreatedRevision: 'web-2', latestReadyRevision: 'web-2', latestRolledoutRevision: 'web-1' };
  return {
    ...{ apiVersion: 'serving.kserve.io/v1beta1', kind: 'InferenceService', metadata: { name: 'web' } },
    spec: { predictor: { model: { storageUri: uri }, canaryTrafficPercent: percent } },
    status: {
      ...{ deploymentMode: 'Knative', conditions: [{ type: 'Ready', status: 'True' }], components: { predictor } },
      ...change,
    },
  };
}

const revision = (name: string, uri: string): Revision => ({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Revision',
  metadata: { name, annotations: { [sourceAnnotation]: uri } },
});

test('modes that ignore canaryTrafficPercent are unfit, by status or by annotation, in the old words and the new', () => {
  assert.equal(unfitOf(aService(oldUri), undefined), undefined);
  for (const deploymentMode of ['RawDeployment', 'Standard', 'ModelMesh']) {
    const { reason, message } = unfitOf(aService(oldUri, undefined, { deploymentMode }), undefined) ?? {};
    assert.equal(reason, 'CanaryUnsupported');
    assert.match(
      message ?? '',
      new RegExp(`${deploymentMode}, in which KServe ignores canaryTrafficPercent: .*Recommend`),
    );
  }
  const marked = aService(oldUri, undefined, { deploymentMode: undefined });
  marked.metadata.annotations = { [deploymentModeAnnotation]: 'RawDeployment' };
  assert.equal(unfitOf(marked, undefined)?.reason, 'CanaryUnsupported');
  const unknown = aService(oldUri, undefined, { deploymentMode: undefined, components: {} });
  assert.equal(unfitOf(unknown, undefined)?.reason, 'NothingRolledOut');
});

test("a split of someone else's is left alone, and one of ours is none of theirs", () => {
  assert.equal(unfitOf(aService(newUri, 20), undefined)?.reason, 'RolloutUnderWay');
  assert.equal(unfitOf(aService(newUri, 20), present), undefined);
  assert.equal(unfitOf(aService(newUri, 100), undefined), undefined, 'all of them is no split');
});

test('a revision that is ready counts for the spec only when it was made for its model', () => {
  const restoring = aService(oldUri, 0);
  // What is newest and ready is still the canary that was refused: giving it all requests would be the end of them.
  assert.equal(newestServes(restoring, revision('web-2', newUri), oldUri), false);
  assert.equal(newestServes(restoring, revision('web-2', oldUri), oldUri), true);
  assert.equal(newestServes(restoring, undefined, oldUri), false);
  const pending = { latestCreatedRevision: 'web-3', latestReadyRevision: 'web-2', latestRolledoutRevision: 'web-1' };
  const created = aService(oldUri, 0, { components: { predictor: pending } });
  assert.equal(newestServes(created, revision('web-2', oldUri), oldUri), false);
});

test('what was rolled out last is stable, and a model of someone else is theirs', () => {
  const during = tracksOf(aService(newUri, 20), revision('web-2', newUri), undefined, present);
  assert.deepEqual(during.stable, { modelUri: oldUri, settled: true });
  assert.deepEqual(during.canary, { modelUri: newUri, settled: true, failure: undefined });
  const theirs = tracksOf(aService('s3://models/theirs', 20), undefined, undefined, present);
  assert.equal(theirs.stable.modelUri, 's3://models/theirs');
  assert.equal(trackOfRevision(aService(newUri, 20), 'web-2'), 'canary');
  assert.equal(trackOfRevision(aService(newUri, 20), 'web-1'), 'stable');
  assert.equal(trackOfRevision(aService(newUri), 'web-2'), 'stable');
});

test('a model that does not load is told as KServe tells it', () => {
  const lastFailureInfo = { reason: 'ModelLoadFailed', message: 'no such file' };
  const predictor = { latestCreatedRevision: 'web-2', latestReadyRevision: 'web-1', latestRolledoutRevision: 'web-1' };
  const modelStatus = { transitionStatus: 'BlockedByFailedLoad', lastFailureInfo };
  const failed = aService(newUri, 0, { components: { predictor }, modelStatus });
  const { canary } = tracksOf(failed, revision('web-1', oldUri), undefined, present);
  assert.equal(canary?.failure, 'BlockedByFailedLoad: ModelLoadFailed: no such file');
});

test('a model in a field of its framework has no place that can be set', () => {
  const service = aService(oldUri);
  service.spec.predictor = { sklearn: { storageUri: oldUri } };
  assert.throws(() => storageUri(service), {
    reason: 'ModelNotBound',
    message: /has no spec\.predictor\.model\.storageUri/,
  });
});
