import type { Candidate } from '../../api/candidate.ts';
import type { Trial } from '../../api/trial.ts';
import type { Variant } from '../../api/variant.ts';

/** Names of what is told of an artifact where a store keeps such things: annotations of an OCI manifest. */
export const provenance = {
  /** The candidate, a point of the search space, as JSON. */
  candidate: 'dev.retune.candidate',
  /** Digest of the base variant: the model that it was made from, as it is. */
  base: 'org.opencontainers.image.base.digest',
  search: 'dev.retune.search',
  variant: 'dev.retune.variant',
  /** Metric, value, 95% interval, samples and drop against the base, as JSON. */
  quality: 'dev.retune.quality',
  /** One entry an accelerator, as JSON: p50 and p99 with its interval in milliseconds, samples, ratio to the base, record. */
  trials: 'dev.retune.trials',
} as const;

/** What is known when the artifact is made. The base variant itself has no base. */
export const madeOf = (candidate: Candidate, base: string | undefined): Record<string, string> => ({
  [provenance.candidate]: JSON.stringify(candidate),
  ...(base && { [provenance.base]: base }),
});

function measuredIn({ spec, status }: Trial) {
  const { latency, ratio, record, finished } = status ?? {};
  if (!latency) return [];
  const { p50Ms, p99Ms, p99LowMs, p99HighMs, samples } = latency;
  return [
    {
      accelerator: spec.accelerator,
      ...(spec.phase && { phase: spec.phase.name }),
      ...{ p50Ms, p99Ms, p99LowMs, p99HighMs, samples },
      ...(ratio && { ratio: ratio.value }),
      ...(record && { record }),
      ...(finished && { finished }),
    },
  ];
}

/**
 * What is known once a variant was judged and measured; undefined before it has an artifact. The same trials give the
 * same text, in whatever order they come.
 */
export function provedOf(
  variant: Variant,
  base: Variant | undefined,
  trials: readonly Trial[],
): { digest: string; annotations: Record<string, string> } | undefined {
  const { artifact, quality } = variant.status ?? {};
  if (!artifact) return undefined;
  const own = trials
    .filter(({ spec }) => spec.variantRef.name === variant.metadata.name)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .flatMap(measuredIn);
  const baseDigest = base?.status?.artifact?.digest;
  return {
    digest: artifact.digest,
    annotations: {
      ...madeOf(variant.spec.candidate, baseDigest === artifact.digest ? undefined : baseDigest),
      [provenance.search]: `${variant.metadata.namespace}/${variant.spec.searchRef.name}`,
      [provenance.variant]: variant.metadata.name,
      ...(quality && { [provenance.quality]: JSON.stringify(quality) }),
      [provenance.trials]: JSON.stringify(own),
    },
  };
}
