import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { TestCluster } from '../cluster/cluster.ts';
import { auditLog } from '../cluster/control-plane.ts';
import { compare, granted, type Rare, used } from '../rbac/permissions.ts';
import { rolesOf } from '../rbac/roles.ts';

const namespace = 'retune-system';
const account = 'retune';

/** What the loop does not do in an ordinary run. */
export const rare: Rare[] = [
  ...['nassearches', 'latencyslas', 'variants', 'trials', 'hardwareprofiles'].map((owner) => ({
    permission: `retune.dev/${owner}/finalizers update`,
    because: 'no request: admission (OwnerReferencesPermissionEnforcement) asks for it when a child is created',
  })),
  {
    permission: 'retune.dev/nassearches create',
    because: 'an SLA starts a search where no variant fits, or when production drifts',
  },
  ...['get', 'create', 'patch'].map((verb) => ({
    permission: `configmaps ${verb}`,
    because: 'the file of a recommendation, where an SLA in mode Recommend asks for one',
  })),
  {
    permission: 'apps/deployments update',
    because: 'a model that stands in an argument is written back with its whole list',
  },
  {
    permission: 'coordination.k8s.io/leases create',
    because: 'the lease is part of the manifests; the operator makes it anew when somebody has deleted it',
  },
];

/** Everything that the operator asked of the API server in this run, against what it is granted. */
export function operatorRbac(open: () => { real: TestCluster; figures: Record<string, unknown> }): void {
  test('the operator is granted what it used, and nothing else', async () => {
    const { real, figures } = open();
    const uses = used(await readFile(auditLog(real.folder), 'utf8'), `system:serviceaccount:${namespace}:${account}`);
    const permissions = granted(await rolesOf(real.kubectl, namespace, account));
    assert.ok(uses.length > 0 && permissions.length > 0);
    figures.rbac = { permissions: permissions.length, requests: uses.length };
    assert.deepEqual(compare({ permissions, uses, rare, home: namespace }), []);
  });
}
