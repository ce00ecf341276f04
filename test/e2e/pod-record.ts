import { labels } from '../../src/api/common.ts';
import type { Cluster, Watch } from '../../src/runtime/cluster/cluster.ts';
import { type Pod, pods } from '../../src/runtime/cluster/core-types.ts';

/** One worker pod, from first to last sight. */
export interface Seen {
  name: string;
  uid: string;
  trial: string | undefined;
  node: string | undefined;
  pod: Pod;
  startedMs: number | undefined;
  finishedMs: number | undefined;
}

const time = (text: string | undefined) => (text ? Date.parse(text) : undefined);

function seen(pod: Pod): Seen {
  const { running, terminated } = pod.status?.containerStatuses?.[0]?.state ?? {};
  return {
    name: pod.metadata.name,
    uid: pod.metadata.uid ?? '',
    trial: pod.metadata.labels?.[labels.trial],
    node: pod.spec.nodeName,
    pod,
    startedMs: time(terminated?.startedAt ?? running?.startedAt),
    finishedMs: time(terminated?.finishedAt),
  };
}

/** Writes down every worker pod that there ever was, whoever deletes it. */
export class PodRecord {
  readonly #pods = new Map<string, Seen>();
  readonly #watch: Watch;

  constructor(cluster: Cluster) {
    this.#watch = cluster.watch(pods, { labels: { [labels.benchmark]: 'true' } }, ({ object }) => {
      const before = this.#pods.get(object.metadata.uid ?? '');
      const now = seen(object);
      const times = { startedMs: now.startedMs ?? before?.startedMs, finishedMs: now.finishedMs ?? before?.finishedMs };
      this.#pods.set(now.uid, { ...now, node: now.node ?? before?.node, ...times });
    });
  }

  all(): Seen[] {
    return [...this.#pods.values()];
  }

  /** Names that two pods have had: work that was done twice. */
  twice(): string[] {
    const names = this.all().map(({ name }) => name);
    return names.filter((name, i) => names.indexOf(name) !== i);
  }

  /** Pairs of pods that ran on one node at once, to the second that the kubelet tells. */
  overlaps(): string[] {
    const ran = this.all().filter(({ startedMs, node }) => startedMs !== undefined && node);
    return ran.flatMap((a, i) =>
      ran
        .slice(i + 1)
        .filter((b) => a.node === b.node && overlap(a, b))
        .map((b) => `${a.name} and ${b.name} on ${a.node}`),
    );
  }

  stop(): void {
    this.#watch.stop();
  }
}

function overlap(a: Seen, b: Seen): boolean {
  const end = ({ finishedMs }: Seen) => finishedMs ?? Number.POSITIVE_INFINITY;
  return (a.startedMs ?? 0) < end(b) && (b.startedMs ?? 0) < end(a);
}
