import { labels } from '../../api/common.ts';
import { trials } from '../../api/resources.ts';
import type { Trial } from '../../api/trial.ts';
import type { Quality, Variant } from '../../api/variant.ts';
import { lossOf, showValue } from '../../core/quality/metric.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { bytes, interval, ms, short } from '../show/figures.ts';
import type { Shown } from '../show/shown.ts';
import { table } from '../show/table.ts';
import type { Connection } from './connection.ts';
import { find } from './find.ts';

/** One line of a comparison; a side is absent where it is not known. */
export interface Difference {
  what: string;
  a?: string;
  b?: string;
  /** The second against the first. */
  change: string;
}

const sign = (share: number) => `${share > 0 ? '+' : share < 0 ? '−' : ''}${Math.abs(100 * share).toFixed(1)}%`;

/** The change of a figure, as a share of the first. */
function change(a: number | undefined, b: number | undefined): string {
  if (a === undefined || b === undefined) return 'cannot tell';
  if (a === b) return 'same';
  return a === 0 ? '' : sign(b / a - 1);
}

/** A change that counts only where the two intervals do not meet. */
function certain(text: string, a: readonly [number, number], b: readonly [number, number]): string {
  return a[1] < b[0] || b[1] < a[0] ? text : text === 'same' ? text : `${text}, not certain`;
}

function choices(a: Variant, b: Variant): Difference[] {
  const [one, two] = [a.spec.candidate, b.spec.candidate];
  const names = [...new Set([...Object.keys(one.dimensions), ...Object.keys(two.dimensions)])].sort();
  const rows: [string, string, string][] = [
    ['precision', one.precision, two.precision],
    ['threads', String(one.engine.threads), String(two.engine.threads)],
    ['graph optimisation', one.engine.graphOptimization, two.engine.graphOptimization],
    // One that is not named is at its largest: the model as it was.
    ...names.map((name): [string, string, string] => [
      name,
      String(one.dimensions[name] ?? 'as it was'),
      String(two.dimensions[name] ?? 'as it was'),
    ]),
  ];
  return rows
    .filter(([, left, right]) => left !== right)
    .map(([what, left, right]) => ({ what, a: left, b: right, change: '' }));
}

const qualityText = ({ metric, value, low, high }: Quality) =>
  interval(value, low, high, (each) => showValue(metric, each));

function quality({ status: a }: Variant, { status: b }: Variant): Difference[] {
  const [one, two] = [a?.quality, b?.quality];
  if (!one && !two) return [];
  const what = one?.metric ?? two?.metric ?? '';
  const same = one && two && one.metric === two.metric;
  const better = one && two && lossOf(two) < lossOf(one) ? 'better' : 'worse';
  const text = !same ? 'cannot tell' : lossOf(one) === lossOf(two) ? 'same' : better;
  return [
    {
      ...{ what, a: one && qualityText(one), b: two && qualityText(two) },
      change: same ? certain(text, [one.low, one.high], [two.low, two.high]) : text,
    },
  ];
}

const succeeded = ({ status }: Trial) => findCondition(status?.conditions, 'Succeeded')?.status === 'True';

/** The trial of a variant in a place, the newest generation of the accelerator first. */
function trialIn(all: readonly Trial[], variant: Variant, place: string): Trial['status'] {
  return all
    .filter((trial) => trial.spec.variantRef.name === variant.metadata.name && placeOf(trial) === place)
    .filter(succeeded)
    .toSorted((a, b) => b.spec.generation - a.spec.generation)[0]?.status;
}

const placeOf = ({ spec: { accelerator, phase } }: Trial) => (phase ? `${accelerator} ${phase.name}` : accelerator);

function latency(place: string, a: Trial['status'], b: Trial['status']): Difference[] {
  const [one, two] = [a?.latency, b?.latency];
  if (!one && !two) return [];
  const tail = (it: typeof one) => it && interval(it.p99Ms, it.p99LowMs, it.p99HighMs);
  const ratio = (it: Trial['status']) =>
    it?.ratio && interval(it.ratio.value, it.ratio.low, it.ratio.high, (x) => x.toFixed(3));
  const p99 = change(one?.p99Ms, two?.p99Ms);
  const times = change(a?.ratio?.value, b?.ratio?.value);
  return [
    {
      what: `p50 ms on ${place}`,
      a: one && ms(one.p50Ms),
      b: two && ms(two.p50Ms),
      change: change(one?.p50Ms, two?.p50Ms),
    },
    {
      ...{ what: `p99 ms on ${place}`, a: tail(one), b: tail(two) },
      change: one && two ? certain(p99, [one.p99LowMs, one.p99HighMs], [two.p99LowMs, two.p99HighMs]) : p99,
    },
    {
      ...{ what: `p50 over the base's on ${place}`, a: ratio(a), b: ratio(b) },
      change: a?.ratio && b?.ratio ? certain(times, [a.ratio.low, a.ratio.high], [b.ratio.low, b.ratio.high]) : times,
    },
  ];
}

function costs(a: Variant, b: Variant, one: Trial['status'], two: Trial['status']): Difference[] {
  const row = (what: string, left: number | undefined, right: number | undefined, show = bytes): Difference[] =>
    left === undefined && right === undefined
      ? []
      : [{ what, a: show(left), b: show(right), change: change(left, right) }];
  return [
    ...row('size', a.status?.artifact?.sizeBytes, b.status?.artifact?.sizeBytes),
    ...row('MACs', one?.work?.macs, two?.work?.macs, short),
    ...row('bytes moved', one?.work?.bytesMoved, two?.work?.bytesMoved),
    ...row('peak activations', one?.work?.peakActivationBytes, two?.work?.peakActivationBytes),
    ...row('peak memory', one?.peakMemoryBytes, two?.peakMemoryBytes),
  ];
}

/** What tells two variants apart, by what is in the status of each and of its trials. */
export function differences(a: Variant, b: Variant, measured: readonly Trial[]): Difference[] {
  const places = [...new Set(measured.map(placeOf))].sort();
  const pairs = places.map((place) => ({ place, one: trialIn(measured, a, place), two: trialIn(measured, b, place) }));
  // What a run is made of is the same everywhere: any place where both were measured tells it.
  const whole = pairs.find(({ one, two }) => one?.work && two?.work) ?? pairs.find(({ one, two }) => one ?? two);
  return [
    ...choices(a, b),
    ...quality(a, b),
    ...pairs.flatMap(({ place, one, two }) => latency(place, one, two)),
    ...costs(a, b, whole?.one, whole?.two),
  ];
}

/** Two variants side by side. */
export async function diff(connection: Connection, first: string, second: string): Promise<Shown> {
  const { cluster, namespace } = connection;
  const [a, b] = await Promise.all([first, second].map((name) => find(connection, name, ['Variant'])));
  const [one, two] = [a?.object as Variant, b?.object as Variant];
  const its = ({ metadata: { name } }: Variant) =>
    cluster.list(trials, { namespace, labels: { [labels.variant]: name } });
  const found = differences(one, two, [...(await its(one)), ...(await its(two))]);
  const columns = [
    { name: '' },
    { name: one.metadata.name, right: true },
    { name: two.metadata.name, right: true },
    { name: 'change' },
  ];
  return {
    data: { a: one.metadata.name, b: two.metadata.name, differences: found },
    lines: (style) =>
      found.length === 0
        ? ['they are the same']
        : table(
            columns,
            found.map((row) => [row.what, row.a ?? '–', row.b ?? '–', row.change]),
            style,
          ),
  };
}
