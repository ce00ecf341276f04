import type { HardwareProfile } from './hardware-profile.ts';
import { kinds } from './kinds.ts';
import type { LatencySLA } from './latency-sla.ts';
import type { NASSearch } from './nas-search.ts';
import type { Trial } from './trial.ts';
import type { Variant } from './variant.ts';

/** The collections of Retune's kinds, as the cluster port takes them; `_object` carries the type for the compiler. */
const resource = <T>({ apiVersion, kind, plural, namespaced }: (typeof kinds)[keyof typeof kinds]) =>
  ({ apiVersion, kind, plural, namespaced }) as {
    apiVersion: string;
    kind: string;
    plural: string;
    namespaced: boolean;
    readonly _object?: T;
  };

export const nasSearches = resource<NASSearch>(kinds.NASSearch);
export const variants = resource<Variant>(kinds.Variant);
export const trials = resource<Trial>(kinds.Trial);
export const hardwareProfiles = resource<HardwareProfile>(kinds.HardwareProfile);
export const latencySlas = resource<LatencySLA>(kinds.LatencySLA);
