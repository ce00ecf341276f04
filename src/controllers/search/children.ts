import type { Candidate } from '../../api/candidate.ts';
import { apiVersion, labels } from '../../api/common.ts';
import type { NASSearch } from '../../api/nas-search.ts';
import type { Trial } from '../../api/trial.ts';
import type { Dimensions, Variant } from '../../api/variant.ts';
import { canonical, shortHash } from '../../core/search/candidate.ts';
import { childName, trialName } from '../shared/names.ts';

function metadata(search: NASSearch, name: string, extra: Record<string, string>): Variant['metadata'] {
  const { uid = '', namespace } = search.metadata;
  return {
    name,
    namespace,
    labels: { [labels.search]: search.metadata.name, [labels.managedBy]: 'retune', ...extra },
    ownerReferences: [
      {
        ...{ apiVersion, kind: 'NASSearch', name: search.metadata.name, uid },
        ...{ controller: true, blockOwnerDeletion: true },
      },
    ],
  };
}

export const baseName = ({ metadata: { name } }: NASSearch): string => childName(name, 'base');

/** The variant of a candidate. Its name follows from the candidate: proposed twice, it is made once. */
export function variantOf(search: NASSearch, candidate: Candidate, offered: Dimensions, name?: string): Variant {
  const { model, supernet, data, quality } = search.spec;
  return {
    apiVersion,
    kind: 'Variant',
    metadata: metadata(
      search,
      name ?? childName(search.metadata.name, shortHash(canonical(candidate, offered)).slice(-8)),
      {},
    ),
    spec: {
      searchRef: { name: search.metadata.name },
      candidate,
      ...{ model, supernet, calibration: data.calibration, heldout: data.heldout },
      ...{ metric: quality.metric, output: quality.output },
      ...{ command: quality.command, higherIsBetter: quality.higherIsBetter },
    },
  };
}

/** The trial of a variant on an accelerator. */
export function trialOf(search: NASSearch, variant: string, accelerator: string): Trial {
  const { workload, measurement } = search.spec;
  const name = trialName(variant, accelerator);
  return {
    apiVersion,
    kind: 'Trial',
    metadata: metadata(search, name, { [labels.variant]: variant, [labels.accelerator]: accelerator.slice(0, 63) }),
    spec: {
      searchRef: { name: search.metadata.name },
      variantRef: { name: variant },
      baselineRef: { name: baseName(search) },
      accelerator,
      batchSize: workload.batchSize,
      minSamples: measurement.minSamples,
      maxMeasureTime: measurement.maxTime,
    },
  };
}
