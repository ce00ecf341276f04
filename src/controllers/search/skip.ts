import type { Forecast } from '../../core/search/forecast.ts';
import { notWorthMeasuring } from '../../core/search/transfer.ts';
import { type Accelerator, trialsOn } from './accelerators.ts';
import type { SearchSnapshot } from './gather.ts';
import { forecastsOn, knownOn } from './known.ts';

/**
 * Variants that an accelerator need not measure, since by all that was measured there they can add nothing to its front;
 * each with what it should take. Where a front has more sides than quality and one latency, all are measured.
 */
export function skippedOn(snapshot: SearchSnapshot, accelerator: Accelerator): Map<string, Forecast> {
  const { workload, figures = [] } = snapshot.search.spec;
  if ((workload.phases?.length ?? 1) > 1 || figures.length > 0) return new Map();
  const tried = new Set(trialsOn(snapshot, accelerator).map(({ spec }) => spec.variantRef.name));
  const known = knownOn(snapshot, accelerator, tried);
  // There is nothing to leave out, most of the time.
  if (known.every(({ name }) => tried.has(name))) return new Map();
  const expected = forecastsOn(snapshot, accelerator, known);
  const left = notWorthMeasuring(known, expected).map((place) => [known[place]?.name, expected[place]] as const);
  return new Map(left.flatMap(([name, forecast]) => (name && forecast ? [[name, forecast] as const] : [])));
}
