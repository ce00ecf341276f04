import { labels } from '../../api/common.ts';
import type { Deployment, PodSpec } from '../../runtime/cluster/core-types.ts';
import { withGate } from '../admission.ts';
import { bindingOf, servingContainer } from '../bindings/choose.ts';
import type { ModelBinding, Track } from '../target.ts';

export const besideTracks = ['canary', 'baseline'] as const satisfies Track[];
export type BesideTrack = (typeof besideTracks)[number];

export const trackName = (workload: string, track: Track) => `${workload}-retune-${track}`;

/** A workload's name as the value of a label, which has at most 63 characters. */
export const workloadLabel = (name: string) => name.slice(0, 63).replace(/[^a-z0-9]+$/, '');

export interface Beside {
  track: BesideTrack;
  modelUri: string;
  replicas: number;
  /** Labels of the workload's pods that these are to differ in. */
  relabel?: Record<string, string>;
  /** Its pods are not ready before they are let. */
  gated?: boolean;
}

/** A slow canary that is taken away has a queue to answer first: a minute, which is usual, was seen to be too short for it. */
const leastGraceSeconds = 300;

const withGrace = (spec: PodSpec): PodSpec => ({
  ...spec,
  terminationGracePeriodSeconds: Math.max(spec.terminationGracePeriodSeconds ?? 30, leastGraceSeconds),
});

/**
 * A Deployment beside `workload`, of the same template but for the model and the time that its pods may take to end. They
 * carry the labels of the workload's own but for those in `relabel`, so the workload's Services send them their share of the
 * requests or don't, and the track's name, so its selector takes none of the others. It goes when the workload goes.
 */
export function besideWorkload(workload: Deployment, binding: ModelBinding, beside: Beside): Deployment {
  const { template, selector } = workload.spec;
  const { name, namespace, uid = '' } = workload.metadata;
  const mark = { ...beside.relabel, [labels.track]: beside.track, [labels.workload]: workloadLabel(name) };
  const container = servingContainer(`Deployment ${name}`, template, binding);
  const { metadata, spec } = bindingOf(binding).write(template, container, beside.modelUri);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: trackName(name, beside.track),
      namespace,
      labels: { ...mark, [labels.managedBy]: 'retune' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name, uid }],
    },
    spec: {
      replicas: beside.replicas,
      selector: { matchLabels: { ...selector.matchLabels, ...mark } },
      template: {
        metadata: { ...metadata, labels: { ...metadata?.labels, ...mark } },
        spec: withGrace(beside.gated ? withGate(spec) : spec),
      },
    },
  };
}
