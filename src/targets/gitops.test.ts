import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiObject } from '../runtime/cluster/cluster.ts';
import { environment } from './bindings/environment.ts';
import { gitOpsUnfit } from './gitops.ts';

type Metadata = Partial<ApiObject['metadata']>;

const field = 'environment variable RETUNE_MODEL of container server';
const path = ['f:spec', 'f:template', ...environment('RETUNE_MODEL').owned('server')];
const unfit = (metadata: Metadata) =>
  gitOpsUnfit({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', ...metadata } }, path, field);

/** As a real API server writes it for containers with these variables. */
const managed = (manager: string, variables: string[]) => ({
  manager,
  operation: 'Apply',
  fieldsV1: {
    'f:spec': {
      'f:replicas': {},
      'f:template': {
        'f:spec': {
          'f:containers': {
            'k:{"name":"server"}': {
              '.': {},
              'f:image': {},
              'f:env': Object.fromEntries(
                variables.map((name) => [`k:{"name":"${name}"}`, { '.': {}, 'f:name': {}, 'f:value': {} }]),
              ),
            },
          },
        },
      },
    },
  },
});

test('a workload that nobody manages, or people do, is fit', () => {
  assert.equal(unfit({}), undefined);
  assert.equal(unfit({ managedFields: [managed('kubectl-client-side-apply', ['RETUNE_MODEL'])] }), undefined);
  // Helm sets this label too; it puts nothing back.
  assert.equal(unfit({ labels: { 'app.kubernetes.io/instance': 'web' } }), undefined);
});

test('each tool that sets the field is named, with how to tell it to leave that', () => {
  const argo = { annotations: { 'argocd.argoproj.io/tracking-id': 'web:apps/Deployment:default/web' } };
  assert.match(
    unfit(argo)?.message ?? '',
    /^Argo CD sets the environment variable RETUNE_MODEL .* set spec\.mode to Recommend, or name the field in ignoreDifferences/,
  );
  const flux = { labels: { 'kustomize.toolkit.fluxcd.io/name': 'web' } };
  assert.match(unfit(flux)?.message ?? '', /^Flux .* Kustomization/);
  assert.match(unfit({ labels: { 'helm.toolkit.fluxcd.io/name': 'web' } })?.message ?? '', /HelmRelease/);
  const byManager = { managedFields: [managed('argocd-controller', ['RETUNE_MODEL'])] };
  assert.equal(unfit({ ...byManager, labels: { 'app.kubernetes.io/instance': 'web' } })?.reason, 'OwnedByGitOps');
});

test('a tool that owns other fields and not this one is no obstacle, and neither is one that leaves the object alone', () => {
  const marks = { labels: { 'kustomize.toolkit.fluxcd.io/name': 'web' } };
  assert.equal(unfit({ ...marks, managedFields: [managed('kustomize-controller', ['OTHER'])] }), undefined);
  assert.ok(unfit({ ...marks, managedFields: [managed('kustomize-controller', ['OTHER', 'RETUNE_MODEL'])] }));
  for (const annotations of [
    { 'kustomize.toolkit.fluxcd.io/reconcile': 'disabled' },
    { 'kustomize.toolkit.fluxcd.io/ssa': 'IfNotPresent' },
  ] as Record<string, string>[]) {
    assert.equal(unfit({ ...marks, annotations }), undefined);
  }
});

test('a list that is owned as a whole is owned in all its parts', () => {
  const atomic = {
    manager: 'argocd-controller',
    fieldsV1: { 'f:spec': { 'f:template': { 'f:spec': { 'f:containers': {} } } } },
  };
  assert.ok(unfit({ managedFields: [atomic] }));
  const status = { manager: 'argocd-controller', subresource: 'status', fieldsV1: { 'f:status': {} } };
  assert.equal(unfit({ managedFields: [status] }), undefined);
});
