import type { LatencySLA } from '../api/latency-sla.ts';
import type { NASSearch } from '../api/nas-search.ts';
import { trials, variants } from '../api/resources.ts';
import { durationMs } from '../api/units.ts';
import { isFirstPhase } from '../controllers/shared/phases.ts';
import { label } from '../core/search/candidate.ts';
import type { SearchReport, SlaReport, TrialPoint } from '../observe/report/data.ts';
import type { Cluster } from '../runtime/cluster/cluster.ts';

/** Every measured variant of a search, accelerator by accelerator. */
export async function searchReports(cluster: Cluster, search: NASSearch): Promise<SearchReport[]> {
  const { namespace, name } = search.metadata;
  const options = { namespace, labels: { 'retune.dev/search': name } };
  const [its, measured] = [await cluster.list(variants, options), await cluster.list(trials, options)];
  const { threshold } = search.spec.latency;
  return (search.status?.accelerators ?? []).map(({ name: accelerator, front, recommended, narrowed }) => ({
    name,
    ...{ accelerator, narrowed },
    thresholdMs: threshold ? durationMs(threshold) : undefined,
    scale: { metric: search.spec.quality.metric, higherIsBetter: search.spec.quality.higherIsBetter },
    points: measured.flatMap((trial): TrialPoint[] => {
      const { spec, status } = trial;
      if (!isFirstPhase(search, trial)) return [];
      const variant = its.find(({ metadata }) => metadata.name === spec.variantRef.name);
      const { quality, artifact } = variant?.status ?? {};
      if (spec.accelerator !== accelerator || !variant || !quality || !artifact || !status?.latency) return [];
      const { p50Ms, p99Ms, p99LowMs, p99HighMs } = status.latency;
      return [
        {
          ...{ variant: variant.metadata.name, label: label(variant.spec.candidate), quality: quality.value },
          ...{ p50Ms, p99Ms, p99LowMs, p99HighMs, sizeBytes: artifact.sizeBytes },
          memory: status.memory,
          onFront: front.some((point) => point.variant === variant.metadata.name),
          recommended: recommended === variant.metadata.name,
        },
      ];
    }),
  }));
}

/** What an SLA went through, with the latency that was seen over time. */
export const slaReport = (sla: LatencySLA, series: SlaReport['series']): SlaReport => ({
  name: sla.metadata.name,
  workload: sla.spec.workloadRef.name,
  thresholdMs: durationMs(sla.spec.objective.threshold),
  percentile: sla.spec.objective.percentile.toLowerCase(),
  series,
  history: sla.status?.history ?? [],
});
