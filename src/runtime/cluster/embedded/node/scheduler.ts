import { type Node, nodes, type Pod, pods } from '../../core-types.ts';
import { isApiError } from '../../errors.ts';
import type { EmbeddedApi } from '../api/api.ts';

interface Term {
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}
interface AntiAffinityTerm {
  labelSelector?: { matchLabels?: Record<string, string> };
}
interface Affinity {
  nodeAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms: Term[] } };
  podAntiAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: AntiAffinityTerm[] };
}

const isOver = ({ status }: Pod) => status?.phase === 'Succeeded' || status?.phase === 'Failed';
const matches = (labels: Record<string, string> = {}, wanted: Record<string, string> = {}) =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value);

function wantsNode({ spec }: Pod, { metadata: { labels = {} } }: Node): boolean {
  const affinity = (spec.affinity ?? {}) as Affinity;
  const terms = affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const fits = ({ matchExpressions = [] }: Term) =>
    matchExpressions.every(({ key, operator, values = [] }) => operator === 'In' && values.includes(labels[key] ?? ''));
  return matches(labels, spec.nodeSelector) && (!terms || terms.some(fits));
}

/** A pod that a running one must not be beside, or that must not be beside a running one. */
function repels(pod: Pod, other: Pod): boolean {
  const avoids = (a: Pod, b: Pod) =>
    (((a.spec.affinity ?? {}) as Affinity).podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).some(
      ({ labelSelector }) => matches(b.metadata.labels, labelSelector?.matchLabels ?? { '': '' }),
    );
  return avoids(pod, other) || avoids(other, pod);
}

/** Why a pod can't run on this node now; undefined when it can. */
function obstacle(pod: Pod, node: Node, there: Pod[]): string | undefined {
  if (!wantsNode(pod, node)) return "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector";
  if (there.some((other) => repels(pod, other))) {
    return "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules";
  }
  return undefined;
}

/** Puts pods on the one node there is, as soon as their affinity allows. */
export function startScheduler(api: EmbeddedApi): { stop(): void } {
  let scheduled = false;

  async function pass(): Promise<void> {
    scheduled = false;
    const [node] = await api.list(nodes);
    const all = (await api.list(pods)).sort((a, b) =>
      (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''),
    );
    for (const pod of all) {
      if (pod.spec.nodeName || pod.metadata.deletionTimestamp || !node) continue;
      const there = all.filter((other) => other !== pod && other.spec.nodeName && !isOver(other));
      const message = obstacle(pod, node, there);
      if (message) await waits(pod, message);
      else {
        api.bind(pod, node.metadata.name);
        pod.spec.nodeName = node.metadata.name;
      }
    }
  }

  async function waits(pod: Pod, message: string): Promise<void> {
    const before = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    if (before?.message === message) return;
    const lastTransitionTime = new Date().toISOString();
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastTransitionTime,
    } as const;
    await api.replaceStatus(pods, { ...pod, status: { ...pod.status, conditions: [condition] } });
  }

  const soon = () => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      pass().catch((error: unknown) => {
        // A pod changed or went in between: its own event brings the next pass.
        if (!isApiError(error, 'NotFound') && !isApiError(error, 'Conflict')) throw error;
        soon();
      });
    });
  };
  const watches = [api.watch(pods, {}, soon), api.watch(nodes, {}, soon)];
  return {
    stop() {
      for (const watch of watches) watch.stop();
    },
  };
}
