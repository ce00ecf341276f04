import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gate } from '../../src/observe/page/auth.ts';
import { clusterReviews } from '../../src/observe/page/reviews.ts';
import type { Cluster } from '../../src/runtime/cluster/cluster.ts';
import type { ApiServer } from './cluster.ts';

/** The page's gate against a real API server: tokens of service accounts, of which one may read searches. */
export function pageReviews(server: () => { real: ApiServer; cluster: Cluster; namespace: string }): void {
  test('the page lets in whom the API server knows and lets read searches, and nobody else', async (t) => {
    const { real, cluster, namespace } = server();
    const kubectl = async (...args: string[]) => {
      const { code, stdout, stderr } = await real.kubectl(args);
      assert.equal(code, 0, stderr);
      return stdout.trim();
    };
    const role = `${namespace}-reader`;
    await kubectl('create', 'clusterrole', role, '--verb=get', '--resource=nassearches.retune.dev');
    t.after(() => real.kubectl(['delete', 'clusterrole,clusterrolebinding', role]));
    for (const name of ['reader', 'other']) await kubectl('-n', namespace, 'create', 'serviceaccount', name);
    const account = `--serviceaccount=${namespace}:reader`;
    await kubectl('create', 'clusterrolebinding', role, `--clusterrole=${role}`, account);
    const token = (name: string) => kubectl('-n', namespace, 'create', 'token', name);
    const decide = async (text: string) =>
      gate({ reviews: clusterReviews(cluster), clock: Date.now }).decide(`Bearer ${text}`);
    const reader = await token('reader');
    assert.equal(await decide(reader), 'Allowed');
    assert.equal(await decide(await token('other')), 'Forbidden');
    assert.equal(await decide('nonsense'), 'Unknown');
    assert.equal(await decide(`${reader.slice(0, -4)}AAAA`), 'Unknown');
    await kubectl('-n', namespace, 'delete', 'serviceaccount', 'reader');
    // The API server itself remembers for some ten seconds whose a token is.
    const deadline = Date.now() + 30_000;
    while ((await decide(reader)) !== 'Unknown') {
      assert.ok(Date.now() < deadline, 'a token of an account that is gone still lets in');
      await sleep(500);
    }
  });
}
