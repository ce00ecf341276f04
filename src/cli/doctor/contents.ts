import type { LatencySLA } from '../../api/latency-sla.ts';
import type { NASSearch } from '../../api/nas-search.ts';
import { hardwareProfiles, latencySlas, nasSearches } from '../../api/resources.ts';
import { acceleratorType } from '../../core/hardware/labels.ts';
import { type Deployment, nodes } from '../../runtime/cluster/core-types.ts';
import { isApiError } from '../../runtime/cluster/errors.ts';
import { findCondition } from '../../runtime/conditions.ts';
import type { Connection } from '../cluster/connection.ts';
import { asWideAsAllowed, type Finding, fail, ok, unlessForbidden, warn } from './finding.ts';
import { claims, namespaces } from './kinds.ts';

/** Accelerator types: whether there are any, and whether each is ready and probed. */
export async function hardware({ cluster }: Connection): Promise<Finding[]> {
  const check = 'hardware';
  const profiles = await cluster.list(hardwareProfiles);
  const all = await cluster.list(nodes).catch((error: unknown) => {
    if (isApiError(error, 'Forbidden')) return [];
    throw error;
  });
  const untyped = all
    .filter(({ metadata }) => !acceleratorType(metadata.labels ?? {}))
    .map(({ metadata }) => metadata.name);
  const label = 'kubectl label node NAME retune.dev/accelerator-type=TYPE';
  const findings = untyped.length > 0 ? [warn(check, `no label says what ${untyped.join(', ')} is`, label)] : [];
  if (profiles.length === 0) {
    const remedy =
      all.length > untyped.length
        ? 'the operator makes them once a type has been there for two minutes: see that it runs'
        : label;
    return [...findings, fail(check, 'there is no HardwareProfile: nothing can be measured', remedy)];
  }
  for (const { metadata, status } of profiles) {
    const [ready, probed] = [findCondition(status?.conditions, 'Ready'), findCondition(status?.conditions, 'Probed')];
    const bad = [ready, probed].find((one) => one?.status === 'False');
    const named = `${metadata.name}, ${status?.nodeCount ?? status?.nodes?.length ?? 0} nodes`;
    if (bad)
      findings.push(warn(check, `${named}: ${bad.reason}: ${bad.message}`, `kubectl describe hw ${metadata.name}`));
    else if (!ready || !probed || [ready, probed].some(({ status: its }) => its === 'Unknown'))
      findings.push(warn(check, `${named}: it is being probed`));
    else findings.push(ok(check, `${named}, ready and probed`));
  }
  return findings;
}

const unseen = ({ metadata, status }: NASSearch | LatencySLA) => status?.observedGeneration !== metadata.generation;
const look = 'kubectl -n retune-system logs deployment/retune';

/** An SLA that can't be judged, for whatever reason. */
function slaFinding(sla: LatencySLA): Finding {
  const name = `${sla.metadata.namespace}/${sla.metadata.name}`;
  const [check, say] = ['SLA', (text: string) => `${name}: ${text}`];
  const [ready, source] = ['Ready', 'MetricsAvailable'].map((type) => findCondition(sla.status?.conditions, type));
  const explain = `retune -n ${sla.metadata.namespace} explain sla/${sla.metadata.name}`;
  if (unseen(sla)) return warn(check, say('no operator has seen its last change'), look);
  if (ready?.status === 'False') return fail(check, say(`${ready.reason}: ${ready.message}`), explain);
  if (source?.status === 'False')
    return fail(check, say(`its latency can't be read: ${source.message}`), 'correct spec.source');
  if (source && source.reason !== 'Read')
    return warn(
      check,
      say(`its source has nothing to say: ${source.message}`),
      'correct spec.source, or wait for requests',
    );
  return ok(check, say(source ? 'its latency is read' : 'it waits to be judged'));
}

function searchFinding({ metadata, status, spec }: NASSearch): Finding {
  const name = `${metadata.namespace}/${metadata.name}`;
  const found = findCondition(status?.conditions, 'Succeeded');
  if (unseen({ metadata, status, spec } as NASSearch))
    return warn('search', `${name}: no operator has seen its last change`, look);
  const text = `${name}: ${found?.reason}: ${found?.message}`;
  const waits = ['NoHardware', 'AcceleratorNotFound', 'SharedHardware'].includes(found?.reason ?? '');
  if (found?.status === 'False' || waits)
    return warn('search', text, `retune -n ${metadata.namespace} explain nas/${metadata.name}`);
  return ok('search', text);
}

/** How the store is reached, as the operator's Deployment says. */
function storeOf(operators: readonly Deployment[]) {
  const env = operators.flatMap(({ spec }) =>
    spec.template.spec.containers.flatMap((container) => container.env ?? []),
  );
  const inEnv = (name: string) => env.find((one) => one.name === name)?.value;
  return { claim: inEnv('RETUNE_STORE_CLAIM'), hostPath: inEnv('RETUNE_STORE_HOST_PATH') };
}

const enforceLabel = 'pod-security.kubernetes.io/enforce';

/** Whether worker pods may run in a namespace, and find the claim that they keep artifacts in. */
async function namespaceFindings(
  { cluster }: Connection,
  name: string,
  operators: readonly Deployment[],
): Promise<Finding[]> {
  const { claim, hostPath } = storeOf(operators);
  const security = await unlessForbidden('pod security', async () => {
    const enforced = (await cluster.get(namespaces, { name }))?.metadata.labels?.[enforceLabel];
    if (!enforced || enforced === 'privileged') return [ok('pod security', `namespace ${name} enforces nothing`)];
    if (hostPath && !claim) {
      return [
        fail(
          'pod security',
          `namespace ${name} enforces "${enforced}", which forbids the hostPath ${hostPath} of worker pods`,
          'keep artifacts in a claim: set RETUNE_STORE_CLAIM of the operator',
        ),
      ];
    }
    return [ok('pod security', `namespace ${name} enforces "${enforced}", which worker pods keep`)];
  });
  if (!claim) return security;
  const store = await unlessForbidden('artifact store', async () => {
    const found = await cluster.get(claims, { namespace: name, name: claim });
    const phase = found?.status?.phase;
    if (!found)
      return [
        fail(
          'artifact store',
          `namespace ${name} has no PersistentVolumeClaim "${claim}"`,
          'create it, ReadWriteMany where there is more than one node',
        ),
      ];
    return phase === 'Bound'
      ? [ok('artifact store', `claim ${name}/${claim} is bound`)]
      : [
          warn(
            'artifact store',
            `claim ${name}/${claim} is ${phase ?? 'new'}`,
            `kubectl -n ${name} describe pvc ${claim}`,
          ),
        ];
  });
  return [...security, ...store];
}

/** Searches and SLAs, as far as one may see, and the namespaces that searches are in. */
export async function contents(connection: Connection, operators: readonly Deployment[]): Promise<Finding[]> {
  const { cluster, namespace } = connection;
  const searches = await asWideAsAllowed((where) => cluster.list(nasSearches, { namespace: where }), namespace);
  const slas = await asWideAsAllowed((where) => cluster.list(latencySlas, { namespace: where }), namespace);
  const homes = [...new Set(searches.map(({ metadata }) => metadata.namespace ?? 'default'))].sort();
  const there = await Promise.all(homes.map((home) => namespaceFindings(connection, home, operators)));
  return [...searches.map(searchFinding), ...slas.map(slaFinding), ...there.flat()];
}
