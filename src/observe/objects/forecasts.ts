import type { NASSearch } from '../../api/nas-search.ts';
import { latencyField, type Trial } from '../../api/trial.ts';
import type { Seen } from './seen.ts';

/** How far the forecast of a trial was from what was measured, as a share of it, and whether its interval held that. */
export function forecastOf(
  search: NASSearch | undefined,
  { spec: { expected }, status }: Trial,
): { error: number; within: boolean } | undefined {
  if (!expected || !status?.latency) return undefined;
  const ms = status.latency[latencyField[search?.spec.latency.percentile ?? 'P99']];
  return { error: Math.abs(expected.ms / ms - 1), within: expected.lowMs <= ms && ms <= expected.highMs };
}

export interface Forecasts {
  labels: { namespace: string; search: string; accelerator: string };
  /** One for each trial that was forecast and measured; never none. */
  errors: number[];
  within: number;
}

/** What forecasts were worth, by search and accelerator, of the searches that have series of their own. */
export function forecastErrors(searches: Seen<NASSearch>, trials: readonly Trial[]): Forecasts[] {
  const named = new Map(
    searches.named.map((search) => [`${search.metadata.namespace}/${search.metadata.name}`, search]),
  );
  const found = new Map<string, Forecasts>();
  for (const trial of trials) {
    const { namespace = '' } = trial.metadata;
    const { searchRef, accelerator } = trial.spec;
    const search = named.get(`${namespace}/${searchRef.name}`);
    const forecast = search && forecastOf(search, trial);
    if (!forecast) continue;
    const id = `${namespace}/${searchRef.name}/${accelerator}`;
    const labels = { namespace, search: searchRef.name, accelerator };
    const before = found.get(id) ?? { labels, errors: [], within: 0 };
    before.errors.push(forecast.error);
    found.set(id, { ...before, within: before.within + (forecast.within ? 1 : 0) });
  }
  return [...found.values()];
}
