import { customResourceDefinition } from '../../api/crd.ts';
import { type KindDefinition, type KindName, kinds } from '../../api/kinds.ts';
import { type Deployment, deployments, leases } from '../../runtime/cluster/core-types.ts';
import { isApiError } from '../../runtime/cluster/errors.ts';
import { findCondition } from '../../runtime/conditions.ts';
import type { Connection } from '../cluster/connection.ts';
import { asWideAsAllowed, type Finding, fail, ok, warn } from './finding.ts';
import { apiServices, type CustomResourceDefinition, definitions, type Schema } from './kinds.ts';

/** CEL rules of custom resources are on by default from here on; older servers take what the schemas forbid. */
const oldestMinor = 25;

export async function serverVersion({ version }: Connection): Promise<Finding[]> {
  const text = await version();
  const [, major = '0', minor = '0'] = /^v?(\d+)\.(\d+)/.exec(text) ?? [];
  if (Number(major) > 1 || (Number(major) === 1 && Number(minor) >= oldestMinor)) return [ok('API server', text)];
  return [
    fail(
      'API server',
      `${text || 'its version'} is older than v1.${oldestMinor}`,
      `Retune's kinds need the validation rules of v1.${oldestMinor}: upgrade the cluster`,
    ),
  ];
}

/** Fields that `ours` has and `theirs` does not, by their paths; what is below a missing one is not named. */
export function missingFields(ours: Schema, theirs: Schema | undefined, path = ''): string[] {
  const fields = Object.entries(ours.properties ?? {}).flatMap(([name, field]) => {
    const its = theirs?.properties?.[name];
    const at = path ? `${path}.${name}` : name;
    return its ? missingFields(field, its, at) : [at];
  });
  return ours.items ? [...fields, ...missingFields(ours.items, theirs?.items, `${path}[]`)] : fields;
}

const update = 'apply crds/ of the release that this retune is of: kubectl apply --server-side -f crds/';
const schemaOf = ({ spec }: CustomResourceDefinition, version: string) =>
  spec.versions.find(({ name, served }) => name === version && served)?.schema?.openAPIV3Schema;

async function definition({ cluster, namespace }: Connection, kind: KindDefinition): Promise<Finding> {
  const check = `CRD ${kind.plural}`;
  const name = `${kind.plural}.${kind.group}`;
  let found: CustomResourceDefinition | undefined;
  try {
    found = await cluster.get(definitions, { name });
  } catch (error) {
    if (!isApiError(error, 'Forbidden')) throw error;
    // Whoever may not read definitions can still see whether there is such a kind.
    const served = await cluster.list(kind, kind.namespaced ? { namespace } : {}).then(
      () => true,
      (cause: unknown) => !isApiError(cause, 'NotFound'),
    );
    return served ? warn(check, 'is served; you may not read its schema') : fail(check, 'is not there', update);
  }
  if (!found) return fail(check, 'is not there', update);
  const established = findCondition(found.status?.conditions, 'Established');
  const theirs = schemaOf(found, kind.version);
  if (!theirs) {
    const versions = found.spec.versions.map((one) => one.name).join(', ');
    return fail(check, `does not serve ${kind.version}, it has ${versions}`, update);
  }
  if (established?.status !== 'True')
    return fail(
      check,
      `is not established: ${established?.message ?? 'the API server has not taken it up'}`,
      `kubectl describe crd ${name}`,
    );
  const ours = schemaOf(customResourceDefinition(kind) as unknown as CustomResourceDefinition, kind.version);
  const missing = ours ? missingFields(ours, theirs) : [];
  if (missing.length > 0) {
    const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
    return warn(
      check,
      `serves ${kind.version} of another release: it lacks ${missing.slice(0, 3).join(', ')}${more}`,
      update,
    );
  }
  return ok(check, `serves ${kind.version}`);
}

export const customResources = (connection: Connection): Promise<Finding[]> =>
  Promise.all((Object.keys(kinds) as KindName[]).map((kind) => definition(connection, kinds[kind])));

const isOperator = ({ spec }: Deployment) => spec.template.spec.containers.some(({ args }) => args?.[0] === 'operator');

/** Every operator of the cluster, as far as one may see. */
export async function operators({ cluster }: Connection): Promise<Deployment[]> {
  const named = { 'app.kubernetes.io/name': 'retune' };
  const found = await asWideAsAllowed(
    (namespace) => cluster.list(deployments, { namespace, labels: named }),
    'retune-system',
  );
  return found.filter(isOperator);
}

/** How the operator's Deployment is, and whether one of its pods leads. */
export async function operatorHealth({ cluster, clock }: Connection, all: readonly Deployment[]): Promise<Finding[]> {
  const check = 'operator';
  const [first, second] = all;
  if (!first)
    return [
      fail(
        check,
        'no Deployment of the operator is there',
        'install it: kubectl apply -f manifests/install.yaml, or the Helm chart',
      ),
    ];
  const where = ({ metadata }: Deployment) => `Deployment ${metadata.namespace}/${metadata.name}`;
  const findings = second
    ? [
        warn(
          check,
          `there are ${all.length} operators: ${all.map(where).join(', ')}`,
          'keep one, unless each watches namespaces of its own',
        ),
      ]
    : [];
  for (const one of all) {
    const { readyReplicas = 0, conditions } = one.status ?? {};
    const image = one.spec.template.spec.containers[0]?.image ?? '';
    const why = conditions?.find(({ status }) => status === 'False')?.message ?? 'no pod of it is ready';
    findings.push(
      readyReplicas > 0
        ? ok(check, `${where(one)} has ${readyReplicas} of ${one.spec.replicas ?? 1} ready, ${image}`)
        : fail(
            check,
            `${where(one)} is not ready: ${why}`,
            `kubectl -n ${one.metadata.namespace} describe deployment,pod -l app.kubernetes.io/name=retune`,
          ),
    );
    const lease = await cluster
      .get(leases, { namespace: one.metadata.namespace, name: 'retune' })
      .catch(() => undefined);
    if (!lease) continue;
    const { renewTime = '', leaseDurationSeconds = 15, holderIdentity } = lease.spec;
    const seconds = Math.round((clock() - Date.parse(renewTime)) / 1000);
    if (seconds < -60)
      findings.push(
        warn(
          'leader',
          `its lease was renewed ${-seconds} s in the future: clocks differ`,
          'set the clocks of this machine and of the nodes',
        ),
      );
    else if (seconds > 3 * leaseDurationSeconds)
      findings.push(
        fail(
          'leader',
          `nobody leads: the lease was last renewed ${seconds} s ago`,
          `kubectl -n ${one.metadata.namespace} logs deployment/${one.metadata.name}`,
        ),
      );
    else findings.push(ok('leader', `${holderIdentity} leads`));
  }
  return findings;
}

export async function metricsServer({ cluster }: Connection): Promise<Finding[]> {
  const check = 'metrics server';
  const found = await cluster.get(apiServices, { name: 'v1beta1.metrics.k8s.io' });
  const available = findCondition(found?.status?.conditions, 'Available');
  if (available?.status === 'True') return [ok(check, 'is there')];
  const how = found ? `does not answer: ${available?.message ?? 'not yet available'}` : 'is not there';
  return [warn(check, `${how}; Retune does without it`, 'kubectl top and autoscalers need it')];
}
