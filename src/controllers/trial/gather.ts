import type { HardwareProfile } from '../../api/hardware-profile.ts';
import type { NASSearch } from '../../api/nas-search.ts';
import { hardwareProfiles, nasSearches, trials, variants } from '../../api/resources.ts';
import type { Trial } from '../../api/trial.ts';
import type { Variant } from '../../api/variant.ts';
import type { Cluster, Key } from '../../runtime/cluster/cluster.ts';
import { type Pod, pods } from '../../runtime/cluster/core-types.ts';
import { isSettled, podName } from '../shared/attempt.ts';
import { trialName } from '../shared/names.ts';

export interface TrialSnapshot {
  trial: Trial;
  search: NASSearch | undefined;
  variant: Variant | undefined;
  baseline: Variant | undefined;
  profile: HardwareProfile | undefined;
  /** The baseline's own trial on this accelerator: what the control took when it was the subject. */
  reference: Trial | undefined;
  /** The pod of the present attempt. */
  pod: Pod | undefined;
}

const nothing = { search: undefined, variant: undefined, baseline: undefined, reference: undefined, pod: undefined };

/** Every read about one trial; undefined when it is gone. Of one that has ended only its machines can still matter. */
export async function gather(cluster: Cluster, key: Key): Promise<TrialSnapshot | undefined> {
  const trial = await cluster.get(trials, key);
  if (!trial || trial.metadata.deletionTimestamp) return undefined;
  const { namespace } = key;
  const { searchRef, variantRef, baselineRef, accelerator, generation, phase } = trial.spec;
  if (isSettled(trial.status, 'Succeeded')) {
    const profile = await cluster.get(hardwareProfiles, { name: accelerator });
    return { ...nothing, trial, profile };
  }
  const place = { accelerator, generation, phase: phase?.name };
  const [search, variant, baseline, profile, reference, pod] = await Promise.all([
    cluster.get(nasSearches, { namespace, name: searchRef.name }),
    cluster.get(variants, { namespace, name: variantRef.name }),
    cluster.get(variants, { namespace, name: baselineRef.name }),
    cluster.get(hardwareProfiles, { name: accelerator }),
    cluster.get(trials, { namespace, name: trialName(baselineRef.name, place) }),
    cluster.get(pods, { namespace, name: podName(trial.metadata.name, trial.status?.attempts) }),
  ]);
  return { trial, search, variant, baseline, profile, reference, pod };
}
