import assert from 'node:assert/strict';
import type { ApiServer } from '../cluster/cluster.ts';
import type { Role } from './permissions.ts';

interface Binding {
  metadata: { namespace?: string };
  roleRef: { kind: string; name: string };
  subjects?: { kind: string; name: string; namespace?: string }[];
}

/** The roles that are bound to the account `name` of the namespace `home`, each with where its binding lets it hold. */
export async function rolesOf(kubectl: ApiServer['kubectl'], home: string, name: string): Promise<Role[]> {
  const get = async <T>(...args: string[]): Promise<T> => {
    const { code, stdout, stderr } = await kubectl(['get', ...args, '-o', 'json']);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as T;
  };
  const { items } = await get<{ items: Binding[] }>('clusterrolebindings,rolebindings', '-A');
  const its = items.filter(({ subjects = [] }) =>
    subjects.some((one) => one.kind === 'ServiceAccount' && one.name === name && one.namespace === home),
  );
  return Promise.all(
    its.map(async ({ metadata, roleRef }) => {
      const place = metadata.namespace ? ['-n', metadata.namespace] : [];
      const role = await get<Role>(roleRef.kind.toLowerCase(), roleRef.name, ...place);
      return { ...role, metadata: { name: role.metadata.name, namespace: metadata.namespace } };
    }),
  );
}
