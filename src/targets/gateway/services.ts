import { labels } from '../../api/common.ts';
import type { Deployment, Service } from '../../runtime/cluster/core-types.ts';
import { type BesideTrack, workloadLabel } from '../deployment/beside.ts';

const longest = 63;

/** A Service's name is a DNS label. */
export function serviceName(workload: string, track: BesideTrack): string {
  const suffix = `-retune-${track}`;
  return workload.replaceAll('.', '-').slice(0, longest - suffix.length) + suffix;
}

/**
 * The label that pods of a track differ in from those of the workload, so that the workload's Service does not send
 * them any requests past the weights: the first of those it selects by.
 */
export function relabelled(service: Service, track: BesideTrack): Record<string, string> {
  const [first] = Object.keys(service.spec.selector ?? {}).sort();
  return first === undefined ? {} : { [first]: `retune-${track}` };
}

/** A Service of the pods of one track, with the ports of the workload's own. It goes when the workload goes. */
export function trackService(service: Service, { metadata }: Deployment, track: BesideTrack): Service {
  const { name, namespace, uid = '' } = metadata;
  const mark = { ...relabelled(service, track), [labels.track]: track, [labels.workload]: workloadLabel(name) };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: serviceName(name, track),
      namespace,
      labels: { [labels.track]: track, [labels.managedBy]: 'retune' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name, uid }],
    },
    spec: {
      selector: { ...service.spec.selector, ...mark },
      ports: service.spec.ports.map(({ name, port, targetPort, protocol, appProtocol }) => ({
        ...{ name, port, targetPort, protocol, appProtocol },
      })),
    },
  };
}

/** Why pods of the workload can't be told apart behind this Service; undefined when they can. */
export function whyNotSelect(service: Service, { metadata, spec }: Deployment): string | undefined {
  const selected = Object.entries(service.spec.selector ?? {});
  const its = spec.template.metadata?.labels ?? {};
  if (selected.length > 0 && selected.every(([name, value]) => its[name] === value)) return undefined;
  return `Service ${service.metadata.name} does not select the pods of Deployment ${metadata.name}: correct spec.rollout.httpRoute.service`;
}
