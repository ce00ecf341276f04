import type { Trial } from '../../api/trial.ts';
import type { Variant } from '../../api/variant.ts';
import { type Narrowed, uselessChoices } from '../../core/hardware/narrowing.ts';
import { type Space, spaceOf } from '../../core/search/space.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { baseName } from './children.ts';
import type { SearchSnapshot } from './gather.ts';

/** An accelerator as a search sees it. */
export interface Accelerator {
  name: string;
  /** Of its profile. */
  generation: number;
  /** Variants that had been made before it was there. */
  known: number;
  started?: string;
  /** Nothing more is searched on it; undefined while something is. */
  finished?: string;
}

const isSettled = (condition: { status: string } | undefined) => !!condition && condition.status !== 'Unknown';

/** Accelerators whose devices are shared, where the search asks for a percentile that neighbours decide. */
export function refused({ search, profiles }: SearchSnapshot): string[] {
  if (search.spec.latency.percentile !== 'P99') return [];
  return profiles
    .filter(({ status }) => findCondition(status?.conditions, 'Exclusive')?.status === 'False')
    .map(({ metadata }) => metadata.name)
    .filter((name) => search.spec.accelerators?.includes(name) ?? true);
}

/** Those named that there are, else every one that is there for good; each once it is known what it can do. */
function present(snapshot: SearchSnapshot): string[] {
  const { search, profiles } = snapshot;
  const shared = new Set(refused(snapshot));
  const names = profiles
    .filter(({ metadata }) => !shared.has(metadata.name))
    .filter(({ status }) => isSettled(findCondition(status?.conditions, 'Probed')))
    .filter(({ status }) => findCondition(status?.conditions, 'Ready')?.status === 'True')
    .map(({ metadata }) => metadata.name)
    .sort();
  return search.spec.accelerators?.filter((name) => names.includes(name)) ?? names;
}

/** The accelerators that are named and that no profile stands for. */
export const missing = ({ search, profiles }: SearchSnapshot): string[] =>
  (search.spec.accelerators ?? []).filter((name) => !profiles.some(({ metadata }) => metadata.name === name));

/**
 * The accelerators of a search: those it was on before, also while their nodes are away, and those that are there now.
 * One that is new, or whose machines are no longer what they were, begins anew.
 */
export function acceleratorsOf(snapshot: SearchSnapshot): Accelerator[] {
  const { search, profiles, variants } = snapshot;
  const before = search.status?.accelerators ?? [];
  const names = new Set([...before.map(({ name }) => name), ...present(snapshot)]);
  return [...names].slice(0, 16).map((name): Accelerator => {
    const generation = profiles.find(({ metadata }) => metadata.name === name)?.status?.generation ?? 1;
    const found = before.find((one) => one.name === name && (one.generation ?? 1) === generation);
    const { known = variants.length, started, finished } = found ?? {};
    return { name, generation, known, started, finished };
  });
}

/** The trials on an accelerator, as its machines are now. */
export const trialsOn = ({ trials }: SearchSnapshot, { name, generation }: Accelerator): Trial[] =>
  trials.filter(({ spec }) => spec.accelerator === name && (spec.generation ?? 1) === generation);

/** The model as it is given: a variant like the others; undefined before it is made. */
export const baseOf = ({ search, variants }: SearchSnapshot): Variant | undefined =>
  variants.find(({ metadata }) => metadata.name === baseName(search));

/** What the search may choose from, whatever the accelerator: precisions and engines before the base says what it offers. */
export function wholeSpace(snapshot: SearchSnapshot): Space {
  const { dimensions = [], precisions } = baseOf(snapshot)?.status ?? {};
  return spaceOf(snapshot.search.spec, { dimensions, precisions });
}

/** Choices that are of no use on an accelerator: none are known before the base is measured there. */
export function uselessOn(snapshot: SearchSnapshot, accelerator: Accelerator): Narrowed[] {
  const base = baseOf(snapshot)?.metadata.name;
  const trial = trialsOn(snapshot, accelerator).find(({ spec }) => spec.variantRef.name === base);
  const { work, latency } = trial?.status ?? {};
  const { abilities } = snapshot.profiles.find(({ metadata }) => metadata.name === accelerator.name)?.status ?? {};
  if (!work || !latency || !abilities) return [];
  return uselessChoices(wholeSpace(snapshot), { work, p50Ms: latency.p50Ms }, abilities);
}
