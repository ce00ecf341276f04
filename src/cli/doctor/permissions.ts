import type { Cluster } from '../../runtime/cluster/cluster.ts';
import type { Connection } from '../cluster/connection.ts';
import { roleFor } from '../cluster/failures.ts';
import { type Finding, fail, ok, warn } from './finding.ts';
import { type AccessReview, type Attributes, reviews, selfReviews } from './kinds.ts';
import { operatorNeeds, questions, userNeeds } from './needs.ts';

/** A review has no name: the API server answers it and keeps nothing. */
const nameless = {} as AccessReview['metadata'];

async function mayI(cluster: Cluster, resourceAttributes: Attributes): Promise<boolean> {
  const { apiVersion, kind } = selfReviews;
  const answer = await cluster.create(selfReviews, {
    apiVersion,
    kind,
    metadata: nameless,
    spec: { resourceAttributes },
  });
  return answer.status?.allowed ?? false;
}

/** A service account of the cluster. */
export interface ServiceAccount {
  namespace: string;
  name: string;
}

async function mayIt(
  cluster: Cluster,
  { namespace, name }: ServiceAccount,
  resourceAttributes: Attributes,
): Promise<boolean> {
  const { apiVersion, kind } = reviews;
  const user = `system:serviceaccount:${namespace}:${name}`;
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  const answer = await cluster.create(reviews, {
    apiVersion,
    kind,
    metadata: nameless,
    spec: { resourceAttributes, user, groups },
  });
  return answer.status?.allowed ?? false;
}

async function denied(asked: readonly Attributes[], may: (one: Attributes) => Promise<boolean>): Promise<Attributes[]> {
  const answers = await Promise.all(asked.map(may));
  return asked.filter((_, i) => !answers[i]);
}

const permissionOf = ({ verb, resource, subresource, group, namespace }: Attributes) => ({
  ...{ verb, group, namespace, resource: subresource ? `${resource}/${subresource}` : resource },
});

/** `update latencyslas and nassearches/status`, by verb. */
function lackingText(missing: readonly Attributes[]): string {
  const byVerb = Map.groupBy(missing.map(permissionOf), ({ verb }) => verb);
  return [...byVerb].map(([verb, all]) => `${verb} ${all.map(({ resource }) => resource).join(', ')}`).join('; ');
}

/** Whether the user may do what each command needs. */
export async function userPermissions({ cluster, namespace }: Connection): Promise<Finding[]> {
  return Promise.all(
    userNeeds.map(async ({ what, required, needs }): Promise<Finding> => {
      const missing = await denied(
        needs.flatMap((need) => questions(need, namespace)),
        (one) => mayI(cluster, one),
      );
      const [first] = missing;
      if (!first) return ok('your permissions', `you may ${what} in namespace ${namespace}`);
      const message = `you may not ${what}: you lack ${lackingText(missing)}`;
      const remedy = `have a role of docs/cli.md bound to you, or at the least: ${roleFor(permissionOf(first))}`;
      return required ? fail('your permissions', message, remedy) : warn('your permissions', message, remedy);
    }),
  );
}

/** Whether the operator may do in this namespace what it does. */
export async function operatorPermissions(
  { cluster, namespace }: Connection,
  account: ServiceAccount,
): Promise<Finding[]> {
  const asked = operatorNeeds.flatMap((need) => questions(need, namespace));
  const missing = await denied(asked, (one) => mayIt(cluster, account, one));
  const who = `ServiceAccount ${account.namespace}/${account.name}`;
  if (missing.length === 0)
    return [ok("operator's permissions", `${who} may do all that it does in namespace ${namespace}`)];
  return [
    fail(
      "operator's permissions",
      `${who} may not ${lackingText(missing)} in namespace ${namespace}`,
      'apply the ClusterRole and the binding that came with this release again',
    ),
  ];
}
