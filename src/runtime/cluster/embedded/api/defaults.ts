import type { Container, Deployment, Pod, PodSpec, Service } from '../../core-types.ts';

/** The defaults of the API server that something here or in Retune relies on; there are many more. */

/** A limit without a request is also the request. */
function fillContainer(container: Container): Container {
  const { requests, limits } = container.resources ?? {};
  return limits
    ? { ...container, resources: { ...container.resources, requests: { ...limits, ...requests } } }
    : container;
}

function fillPodSpec(spec: PodSpec): PodSpec {
  return {
    ...spec,
    restartPolicy: spec.restartPolicy ?? 'Always',
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 30,
    ...(spec.containers && { containers: spec.containers.map(fillContainer) }),
  };
}

export const fillPod = (pod: Pod): Pod => (pod.spec ? { ...pod, spec: fillPodSpec(pod.spec) } : pod);

export function fillDeployment(deployment: Deployment): Deployment {
  const { spec } = deployment;
  if (!spec) return deployment;
  const type = spec.strategy?.type ?? 'RollingUpdate';
  const rolling = { maxUnavailable: '25%', maxSurge: '25%', ...spec.strategy?.rollingUpdate };
  return {
    ...deployment,
    spec: {
      ...spec,
      replicas: spec.replicas ?? 1,
      progressDeadlineSeconds: spec.progressDeadlineSeconds ?? 600,
      strategy: type === 'RollingUpdate' ? { type, rollingUpdate: rolling } : { type },
      ...(spec.template?.spec && { template: { ...spec.template, spec: fillPodSpec(spec.template.spec) } }),
    },
  };
}

export function fillService(service: Service): Service {
  const { spec } = service;
  if (!spec) return service;
  const ports = spec.ports?.map((port) => ({ ...port, targetPort: port.targetPort ?? port.port }));
  return { ...service, spec: { ...spec, type: spec.type ?? 'ClusterIP', ...(ports && { ports }) } };
}
