import type { HistoryEntry, LatencySLA, Verdict } from '../../../api/latency-sla.ts';
import { durationMs } from '../../../api/units.ts';
import type { Band, Colour, MarkGroup, PlotData } from '../chart-data.ts';
import { showMs, showTime } from '../format.ts';

/** What was measured in one window; `percentileMs` is absent where there was nothing to measure. */
export interface Reading {
  at: string;
  percentileMs?: number;
  ratePerSecond: number;
}

/** An SLA with what was measured since somebody looks. */
export interface SlaView {
  sla: LatencySLA;
  readings: Reading[];
}

export const verdictColours: Record<Verdict, Colour> = {
  Met: 'good',
  Drifting: 'warn',
  Violated: 'bad',
  NoData: 'muted',
};

/** The verdict that an entry of the history tells of: its reason starts with it, a cause may follow. */
function verdictOf({ event, reason }: HistoryEntry): Verdict | undefined {
  if (event !== 'Verdict') return undefined;
  return (Object.keys(verdictColours) as Verdict[]).find((verdict) => reason.startsWith(verdict));
}

/** Stretches of time by the verdict that held in them. */
function bands(history: readonly HistoryEntry[], from: number, to: number): Band[] {
  const verdicts = history.filter(verdictOf);
  return verdicts.flatMap((entry, i): Band[] => {
    const verdict = verdictOf(entry);
    const start = Math.max(from, Date.parse(entry.at));
    const end = Math.min(to, Date.parse(verdicts[i + 1]?.at ?? new Date(to).toISOString()));
    return verdict && end > start ? [{ from: start, to: end, colour: verdictColours[verdict] }] : [];
  });
}

/** Events that come this much before the readings would leave no room for them. */
const longestLead = 3;

/** The time to draw: all readings, and the events around them; without readings, every event. */
function span(readings: readonly Reading[], history: readonly HistoryEntry[]): [number, number] {
  const times = (all: readonly { at: string }[]) => all.map(({ at }) => Date.parse(at));
  const [seen, told] = [times(readings), times(history)];
  if (seen.length < 2) return [Math.min(...told, ...seen), Math.max(...told, ...seen)];
  const [first, last] = [Math.min(...seen), Math.max(...seen)];
  const earliest = first - longestLead * (last - first);
  return [Math.min(first, ...told.filter((time) => time >= earliest)), last];
}

const symbols = { Verdict: 'circle', RolloutStarted: 'triangle', Promoted: 'diamond', RolledBack: 'rect' } as const;
const looks: Record<HistoryEntry['event'], Omit<MarkGroup, 'marks'>> = {
  Verdict: { name: 'verdict', colour: 'muted', symbol: symbols.Verdict, size: 9 },
  RolloutStarted: { name: 'rollout started', colour: 'accent', symbol: symbols.RolloutStarted, size: 13 },
  Promoted: { name: 'promoted', colour: 'good', symbol: symbols.Promoted, size: 15 },
  RolledBack: { name: 'rolled back', colour: 'bad', symbol: symbols.RolledBack, size: 12 },
  Recommended: { name: 'recommended', colour: 'accent', symbol: 'emptyCircle', size: 12 },
};

/** The percentile over time against its threshold, with verdicts behind it and events on the line of the threshold. */
export function timelineChart({ sla, readings }: SlaView): PlotData | undefined {
  const history = sla.status?.history ?? [];
  if (readings.length + history.length === 0) return undefined;
  const { threshold, percentile } = sla.spec.objective;
  const thresholdMs = durationMs(threshold);
  const [from, to] = span(readings, history);
  const shown = history.filter(({ at }) => Date.parse(at) >= from && Date.parse(at) <= to);
  return {
    kind: 'plot',
    x: { name: 'time (UTC)', kind: 'time', min: from, max: Math.max(to, from + 1000) },
    y: { name: `${percentile.toLowerCase()} (ms)`, kind: 'log' },
    y2: { name: 'requests/s', kind: 'value', min: 0 },
    groups: Object.entries(looks).flatMap(([event, look]): MarkGroup[] => {
      const marks = shown
        .filter((entry) => entry.event === event)
        .map(({ at, reason, message }) => ({
          key: `${at} ${event}`,
          ...{ x: Date.parse(at), y: thresholdMs, text: [`${look.name}: ${reason}`, showTime(at), message] },
        }));
      return marks.length > 0 ? [{ ...look, marks }] : [];
    }),
    lines: [
      {
        ...{ name: percentile.toLowerCase(), colour: 'accent' },
        points: readings.map(({ at, percentileMs }) => [Date.parse(at), percentileMs ?? null]),
      },
      {
        ...{ name: 'load', colour: 'muted', second: true },
        points: readings.map(({ at, ratePerSecond }) => [Date.parse(at), ratePerSecond]),
      },
    ],
    limits: [{ axis: 'y', at: thresholdMs, label: showMs(thresholdMs), colour: 'bad' }],
    bands: bands(history, from, to),
  };
}
