import { type Analyse, RewriteName } from '../../api/analysis.ts';
import type { Candidate } from '../../api/candidate.ts';
import { apiVersion, labels } from '../../api/common.ts';
import type { NASSearch } from '../../api/nas-search.ts';
import type { Trial } from '../../api/trial.ts';
import { durationMs } from '../../api/units.ts';
import type { Variant } from '../../api/variant.ts';
import { canonical, shortHash } from '../../core/search/candidate.ts';
import { changesModel } from '../../core/search/changes.ts';
import type { Forecast } from '../../core/search/forecast.ts';
import { childName, trialName } from '../shared/names.ts';
import { controlledBy } from '../shared/owner.ts';
import type { Phase } from '../shared/phases.ts';

function metadata(search: NASSearch, name: string, extra: Record<string, string>): Variant['metadata'] {
  const { namespace } = search.metadata;
  return {
    name,
    namespace,
    labels: { [labels.search]: search.metadata.name, [labels.managedBy]: 'retune', ...extra },
    ownerReferences: [controlledBy('NASSearch', search.metadata)],
  };
}

export const baseName = ({ metadata: { name } }: NASSearch): string => childName(name, 'base');

/** An analysis takes no more of a search's time than this share, and ends well before a worker's deadline. */
const [analysisShare, mostAnalysisSeconds] = [0.2, 150];

/** What the base is analysed for; nothing where a supernet declares its choices itself. */
function analysisOf({ supernet, space, workload, budget }: NASSearch['spec']): Analyse | undefined {
  const { rewrites = RewriteName.options, precisions } = space;
  const seconds = Math.ceil((analysisShare * durationMs(budget.maxDuration)) / 1000);
  const maxSeconds = Math.min(mostAnalysisSeconds, seconds);
  return supernet ? undefined : { rewrites, precisions, batchSize: workload.batchSize, maxSeconds };
}

/**
 * The variant of a candidate; the base variant itself where none is given. Its name follows from the candidate: proposed
 * twice, it is made once.
 */
export function variantOf(search: NASSearch, candidate: Candidate, base?: Variant): Variant {
  const { model, supernet, data, quality, trainer, seed } = search.spec;
  const offered = base?.status?.dimensions ?? [];
  const trained = trainer && base && changesModel(candidate, offered);
  return {
    apiVersion,
    kind: 'Variant',
    metadata: metadata(
      search,
      base ? childName(search.metadata.name, shortHash(canonical(candidate, offered)).slice(-8)) : baseName(search),
      {},
    ),
    spec: {
      searchRef: { name: search.metadata.name },
      candidate,
      ...(base
        ? { analysis: base.status?.analysis, modelDigest: base.status?.modelDigest }
        : { analyse: analysisOf(search.spec) }),
      ...{ model, supernet, calibration: data.calibration, heldout: data.heldout },
      ...{ metric: quality.metric, output: quality.output },
      ...{ command: quality.command, higherIsBetter: quality.higherIsBetter },
      ...(trained && { trainer: { ...trainer, seed } }),
    },
  };
}

/** The trial of a variant on an accelerator, in one phase where the search has phases. */
export function trialOf(
  search: NASSearch,
  variant: string,
  { name: accelerator, generation }: { name: string; generation: number },
  { phase, expected }: { phase?: Phase; expected?: Forecast } = {},
): Trial {
  const { workload, measurement } = search.spec;
  const name = trialName(variant, { accelerator, generation, phase: phase?.name });
  return {
    apiVersion,
    kind: 'Trial',
    metadata: metadata(search, name, { [labels.variant]: variant, [labels.accelerator]: accelerator.slice(0, 63) }),
    spec: {
      searchRef: { name: search.metadata.name },
      variantRef: { name: variant },
      baselineRef: { name: baseName(search) },
      ...{ accelerator, generation },
      ...(expected && Number.isFinite(expected.highMs) && { expected }),
      ...(phase && { phase: { name: phase.name, inputs: phase.inputs } }),
      batchSize: workload.batchSize,
      minSamples: measurement.minSamples,
      maxMeasureTime: measurement.maxTime,
    },
  };
}
