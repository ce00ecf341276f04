import type { HardwareProfile } from '../../../api/hardware-profile.ts';
import type { PlotData } from '../chart-data.ts';
import { showMs, showNumber } from '../format.ts';
import type { Point } from './points.ts';
import type { SearchView } from './search.ts';

/** A profile with what searches measured on it. */
export interface HardwareView {
  profile: HardwareProfile;
  runs: Run[];
}

/** A measured variant as a point of the roofline. */
export interface Run {
  search: string;
  namespace: string;
  point: Point;
  opsPerByte: number;
  gops: number;
}

const mostRuns = 200;

/** Operations in a second, in 10^9: multiply-accumulates of the median run, times two. */
const gopsOf = ({ trial, latency }: Point): number => (2 * (trial.status?.work?.macs ?? 0)) / latency.p50Ms / 1e6;

/** The profile with the runs of these searches on it, fronts first. */
export function hardwareView(profile: HardwareProfile, searches: readonly SearchView[]): HardwareView {
  const runs = searches.flatMap(({ search, accelerators }) =>
    accelerators
      .filter(({ status }) => status.name === profile.metadata.name)
      .flatMap(({ points }) =>
        points.flatMap((point): Run[] => {
          const { opsPerByte = 0 } = point.trial.status?.memory ?? {};
          const gops = gopsOf(point);
          const { name, namespace = 'default' } = search.metadata;
          return opsPerByte > 0 && gops > 0 ? [{ search: name, namespace, point, opsPerByte, gops }] : [];
        }),
      ),
  );
  return { profile, runs: runs.sort((a, b) => Number(b.point.onFront) - Number(a.point.onFront)).slice(0, mostRuns) };
}

const levels = [
  ['l1', 'L1'],
  ['l2', 'L2'],
  ['l3', 'L3'],
  ['memory', 'memory'],
] as const;

/**
 * The roofline (Williams et al. 2009): what memory and each cache can feed, and what arithmetic can do, with the measured
 * variants below. Undefined where the profile has not been probed.
 */
export function rooflineChart({ profile, runs }: HardwareView): PlotData | undefined {
  const { abilities } = profile.status ?? {};
  if (!abilities) return undefined;
  const { bandwidthGBps, peakGops } = abilities;
  const top = Math.max(peakGops.fp32, peakGops.int8);
  const intensities = runs.map(({ opsPerByte }) => opsPerByte);
  const knee = top / bandwidthGBps.memory;
  const fastest = Math.max(...Object.values(bandwidthGBps));
  const least = Math.min(peakGops.fp32 / fastest, ...intensities) / 3;
  const most = Math.max(3 * knee, ...intensities) * 1.2;
  const roofs = levels.flatMap(([level, name], colour) => {
    const rate = bandwidthGBps[level];
    if (rate === undefined) return [];
    const points: [number, number][] = [
      [least, rate * least],
      [top / rate, top],
    ];
    return [{ name: `${name} ${showNumber(rate, 'GB/s')}`, colour, points }];
  });
  const flat = (name: string, peak: number, colour: 'bad' | 'warn') => ({
    ...{ name: `${name} ${showNumber(peak, 'Gop/s')}`, colour, dashed: true },
    points: [
      [peak / fastest, peak],
      [most, peak],
    ] as [number, number][],
  });
  const marks = (recommended: boolean) =>
    runs
      .filter(({ point }) => point.recommended === recommended)
      .map(({ search, point, opsPerByte, gops }) => ({
        key: `${search}/${point.variant}`,
        ...{ x: opsPerByte, y: gops },
        text: [
          point.label,
          `search ${search}`,
          `${showNumber(opsPerByte)} operations a byte`,
          `${showNumber(gops, 'Gop/s')}, ${showMs(point.latency.p50Ms)} at the median`,
        ],
      }));
  return {
    kind: 'plot',
    x: { name: 'operations a byte', kind: 'log', min: least, max: most },
    y: { name: 'Gop/s', kind: 'log', min: bandwidthGBps.memory * least * 0.8, max: 2 * top },
    groups: [
      { name: 'variants', colour: 'accent' as const, symbol: 'circle' as const, size: 9, marks: marks(false) },
      { name: 'recommended', colour: 'good' as const, symbol: 'diamond' as const, size: 16, marks: marks(true) },
    ].filter((group) => group.marks.length > 0),
    lines: [...roofs, flat('FP32', peakGops.fp32, 'bad'), flat('INT8', peakGops.int8, 'warn')],
    limits: [],
  };
}
