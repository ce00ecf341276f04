import { labels } from '../../../src/api/common.ts';
import type { WorkloadRef } from '../../../src/api/rollout.ts';
import type { Cluster } from '../../../src/runtime/cluster/cluster.ts';
import { type Deployment, deployments, pods, services } from '../../../src/runtime/cluster/core-types.ts';
import { httpRoutes } from '../../../src/targets/gateway/route.ts';
import { openTarget } from '../../../src/targets/open.ts';
import { oldUri, type Report, type Scene } from '../rollout-target.ts';
import { reportPod, templateOf } from './pods.ts';

const namespace = 'default';

/** What the Deployment controller writes when all pods run the present template and are ready, or none are yet. */
async function reportDeployment(cluster: Cluster, deployment: Deployment, ready: boolean): Promise<void> {
  const { metadata, spec } = deployment;
  const wanted = spec.replicas ?? 1;
  const counts = { replicas: wanted, updatedReplicas: wanted, availableReplicas: ready ? wanted : 0 };
  await cluster.replaceStatus(deployments, {
    ...deployment,
    status: { observedGeneration: metadata.generation, ...counts },
  });
  for (let i = 0; i < wanted; i++) {
    const pod = { name: `${metadata.name}-${i}`, namespace, labels: spec.template.metadata?.labels ?? {}, ready };
    await reportPod(cluster, pod);
  }
}

/** A Deployment of three replicas with its Service, and behind an HTTPRoute where one is asked for. */
export async function deploymentScene(
  cluster: Cluster,
  name: string,
  how: { binding?: WorkloadRef['binding']; routed?: boolean } = {},
): Promise<Scene> {
  const metadata = { name, namespace };
  await cluster.apply(
    deployments,
    {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata },
      spec: { replicas: 3, selector: { matchLabels: { app: name } }, template: templateOf(name, oldUri) },
    },
    { fieldManager: 'user' },
  );
  if (how.routed) {
    const spec = { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] };
    await cluster.create(services, { apiVersion: 'v1', kind: 'Service', metadata, spec });
    const backendRefs = [{ name, port: 80, weight: 1 }];
    const { apiVersion, kind } = httpRoutes;
    await cluster.create(httpRoutes, { apiVersion, kind, metadata, spec: { rules: [{ backendRefs }] } });
  }
  const reference: WorkloadRef = { kind: 'Deployment', name, env: 'RETUNE_MODEL', binding: how.binding };
  const route = how.routed ? { name, service: name } : undefined;
  const workload = { key: metadata, reference, route };
  const beside = async () =>
    (await cluster.list(deployments, { namespace })).filter(
      ({ metadata: { labels: its } }) => its?.[labels.workload] === name,
    );

  return {
    ...{ cluster, workload, type: deployments, target: openTarget(cluster)(workload) },
    async report(what: Report) {
      const own = await cluster.get(deployments, metadata);
      if (own) await reportDeployment(cluster, own, true);
      for (const one of await beside()) await reportDeployment(cluster, one, what !== 'CanaryFailed');
      if (what !== 'Restored') return;
      for (const pod of await cluster.list(pods, { namespace, labels: { [labels.workload]: name } })) {
        await cluster.delete(pods, pod.metadata, { gracePeriodSeconds: 0 });
      }
    },
    beside: async () => [
      ...(await beside()),
      ...(await cluster.list(services, { namespace, labels: { [labels.managedBy]: 'retune' } })).filter((service) =>
        service.metadata.name.startsWith(`${name}-`),
      ),
    ],
  };
}
