import type { RouteRef } from '../../api/rollout.ts';
import type { Cluster } from '../../runtime/cluster/cluster.ts';
import { type Deployment, deployments, type Service, services } from '../../runtime/cluster/core-types.ts';
import { besideTracks } from '../deployment/beside.ts';
import { deploymentTarget } from '../deployment/deployment.ts';
import {
  besideFieldManager,
  ensurePair,
  observePair,
  presentDeployment,
  removePair,
  trackKey,
} from '../deployment/pair.ts';
import { settled } from '../deployment/track-state.ts';
import { gitOpsUnfit } from '../gitops.ts';
import type { RolloutTarget, Unfit, Workload } from '../target.ts';
import { type HttpRoute, httpRoutes, percentOf, split, whyNotSplit } from './route.ts';
import { relabelled, serviceName, trackService, whyNotSelect } from './services.ts';

/**
 * A Deployment behind an HTTPRoute: canary and baseline have Services of their own, and the route's weights say what
 * they get. `rules` and `backendRefs` are atomic to server-side apply, so the route is written back as it was read but
 * for its weights, on the condition that nobody wrote in between.
 */
export function gatewayTarget(cluster: Cluster, workload: Workload, reference: RouteRef): RolloutTarget {
  const { key, reference: binding } = workload;
  const plain = deploymentTarget(cluster, workload);
  const backends = {
    service: reference.service,
    canary: serviceName(key.name, 'canary'),
    baseline: serviceName(key.name, 'baseline'),
  };
  const here = (name: string) => ({ namespace: key.namespace, name });
  const routeAndService = () =>
    Promise.all([cluster.get(httpRoutes, here(reference.name)), cluster.get(services, here(reference.service))]);

  function unfitOf(present: Deployment, route: HttpRoute | undefined, service: Service | undefined): Unfit | undefined {
    const missing = (kind: string, name: string) =>
      `there is no ${kind} "${name}" in namespace ${key.namespace}: create it or correct spec.rollout.httpRoute`;
    if (!route) return { reason: 'RouteUnfit', message: missing('HTTPRoute', reference.name) };
    if (!service) return { reason: 'RouteUnfit', message: missing('Service', reference.service) };
    const message = whyNotSelect(service, present) ?? whyNotSplit(route, backends);
    if (message) return { reason: 'RouteUnfit', message };
    return workload.fieldIgnoredByGitOps ? undefined : gitOpsUnfit(route, ['f:spec', 'f:rules'], 'weights');
  }

  /** Canary and baseline, and their Services; nothing while there is no Service to be like. */
  async function ensure(modelUri: string, replicas: number): Promise<void> {
    const [present, service] = await Promise.all([
      presentDeployment(cluster, key),
      cluster.get(services, here(reference.service)),
    ]);
    if (!present || !service) return;
    await ensurePair(cluster, present, binding, {
      modelUri,
      replicas,
      relabel: (track) => relabelled(service, track),
      gated: workload.gated,
    });
    for (const track of besideTracks) {
      const options = { fieldManager: besideFieldManager, force: true };
      await cluster.apply(services, trackService(service, present, track), options);
    }
  }

  /** Whether as many pods as the share needs are ready; asks for them when not. The load of each is then as before. */
  async function sized(percent: number): Promise<boolean> {
    const observed = await observePair(cluster, workload);
    const canary = observed?.snapshot.tracks.canary;
    const beside = await Promise.all(besideTracks.map((track) => cluster.get(deployments, trackKey(key, track))));
    if (!observed || !canary || beside.some((deployment) => !deployment)) return false;
    const needed = Math.max(1, Math.ceil((observed.snapshot.replicas * percent) / 100));
    if (beside.some((deployment) => (deployment?.spec.replicas ?? 1) < needed)) {
      await ensure(canary.modelUri, needed);
      return false;
    }
    return beside.every((deployment) => deployment && settled(deployment));
  }

  return {
    ...plain,

    async observe() {
      const [observed, [route, service]] = await Promise.all([observePair(cluster, workload), routeAndService()]);
      if (!observed) return undefined;
      const { snapshot, workload: present } = observed;
      const unfit = snapshot.unfit ?? unfitOf(present, route, service);
      return { ...snapshot, unfit, weight: route ? percentOf(route, backends) : 0 };
    },

    async ensureCanary(modelUri) {
      const canary = await cluster.get(deployments, trackKey(key, 'canary'));
      await ensure(modelUri, canary?.spec.replicas ?? 1);
    },

    async setWeight(percent) {
      if (percent > 0 && !(await sized(percent))) return;
      const route = await cluster.get(httpRoutes, here(reference.name));
      if (!route || percentOf(route, backends) === percent) return;
      await cluster.replace(httpRoutes, split(route, backends, percent), { fieldManager: besideFieldManager });
    },

    async removeCanary() {
      await removePair(cluster, key);
      for (const track of besideTracks) await cluster.delete(services, here(serviceName(key.name, track)));
    },
  };
}
