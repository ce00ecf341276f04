import { hardwareController } from '../controllers/hardware/controller.ts';
import { provenanceController } from '../controllers/provenance/controller.ts';
import { searchController } from '../controllers/search/controller.ts';
import type { WorkerSettings } from '../controllers/shared/worker-pod.ts';
import { slaController } from '../controllers/sla/controller.ts';
import type { Sources } from '../controllers/sla/gather.ts';
import { trialController } from '../controllers/trial/controller.ts';
import { variantController } from '../controllers/variant/controller.ts';
import type { Cluster } from '../runtime/cluster/cluster.ts';
import type { Controller } from '../runtime/controller.ts';
import type { Clock, Log } from '../runtime/reconcile.ts';
import { askOverHttp } from '../sources/answers/answers.ts';
import { prometheusReader } from '../sources/prometheus/prometheus.ts';
import { scrapeReader } from '../sources/scrape/scrape.ts';
import type { LatencyReader } from '../sources/source.ts';
import type { ArtifactStore } from '../stores/store.ts';
import { openTarget } from '../targets/open.ts';

/** One reader for each source: those that scrape remember what they have seen. */
function readers(clock: Clock): Sources['readerOf'] {
  const open = new Map<string, LatencyReader>();
  return (source, workload) => {
    const key = JSON.stringify([source, workload]);
    const known = open.get(key);
    if (known) return known;
    const { prometheus, scrape = { port: 8080, path: '/metrics', histogram: 'retune_request_duration_seconds' } } =
      source;
    const reader = prometheus ? prometheusReader(prometheus, workload) : scrapeReader(scrape, clock);
    open.set(key, reader);
    return reader;
  };
}

/** Every controller of Retune, on whichever cluster. */
export function controllers(options: {
  cluster: Cluster;
  clock: Clock;
  worker: WorkerSettings;
  holdDownMs: number;
  labelKeys?: string[];
  /** A store that is told what its artifacts are, where it keeps such things. */
  told?: { store: ArtifactStore; log: Log };
}): Controller[] {
  const { cluster, clock, worker, holdDownMs, labelKeys, told } = options;
  return [
    hardwareController({ cluster, clock, worker, holdDownMs, labelKeys }),
    searchController({ cluster, clock, worker }),
    variantController({ cluster, clock, worker }),
    trialController({ cluster, clock, worker }),
    slaController({
      cluster,
      clock,
      sources: { targetOf: openTarget(cluster), ask: askOverHttp, readerOf: readers(clock) },
    }),
    ...(told?.store.annotate ? [provenanceController({ cluster, ...told })] : []),
  ];
}
