import type { NASSearch } from '../../api/nas-search.ts';
import type { Trial } from '../../api/trial.ts';

export type Phase = NonNullable<NASSearch['spec']['workload']['phases']>[number];

/** What is timed of each variant: the phases of the search, or its held-out inputs alone. */
export const phasesOf = ({ spec }: NASSearch): (Phase | undefined)[] => spec.workload.phases ?? [undefined];

/** Whether a trial is of the phase that counts where there can be only one. */
export const isFirstPhase = (search: NASSearch | undefined, { spec }: Trial): boolean =>
  !search || phasesOf(search)[0]?.name === spec.phase?.name;
