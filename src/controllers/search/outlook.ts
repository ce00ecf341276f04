import type { Forecast } from '../../core/search/forecast.ts';
import { notWorthMeasuring } from '../../core/search/transfer.ts';
import { type Accelerator, trialsOn } from './accelerators.ts';
import type { SearchSnapshot } from './gather.ts';
import { forecastsOn, knownOn } from './known.ts';

/** What an accelerator is expected to do with the variants that were not tried on it, by their names. */
export interface Outlook {
  expected: Map<string, Forecast>;
  /**
   * Those that it need not measure, since by all that was measured there they can add nothing to its front. Where a front
   * has more sides than quality and one latency, all are measured.
   */
  skipped: Map<string, Forecast>;
}

export function outlookOn(snapshot: SearchSnapshot, accelerator: Accelerator): Outlook {
  const tried = new Set(trialsOn(snapshot, accelerator).map(({ spec }) => spec.variantRef.name));
  const known = knownOn(snapshot, accelerator, tried);
  // There is nothing to expect, most of the time.
  if (known.every(({ name }) => tried.has(name))) return { expected: new Map(), skipped: new Map() };
  const forecasts = forecastsOn(snapshot, accelerator, known);
  const named = (places: Iterable<number>) =>
    new Map(
      [...places].flatMap((place): [string, Forecast][] => {
        const [one, forecast] = [known[place], forecasts[place]];
        return one && forecast && !tried.has(one.name) ? [[one.name, forecast]] : [];
      }),
    );
  const { workload, figures = [] } = snapshot.search.spec;
  const isPlane = (workload.phases?.length ?? 1) === 1 && figures.length === 0;
  return {
    expected: named(known.keys()),
    skipped: named(isPlane ? notWorthMeasuring(known, forecasts) : []),
  };
}
