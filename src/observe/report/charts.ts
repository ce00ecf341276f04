import * as echarts from 'echarts';
import { higherIsBetter, traits } from '../../core/quality/metric.ts';
import type { SearchReport, SlaReport, TrialPoint } from './data.ts';

// Colours are CSS variables of the page, so that one drawing serves light and dark.
const ink = 'var(--ink)';
const faint = 'var(--faint)';
const accent = 'var(--accent)';
const good = 'var(--good)';
const bad = 'var(--bad)';

const axis = {
  nameTextStyle: { color: ink },
  axisLabel: { color: ink },
  axisLine: { lineStyle: { color: faint } },
  splitLine: { lineStyle: { color: faint, opacity: 0.4 } },
};

function draw(option: echarts.EChartsOption, description: string): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 860, height: 380 });
  chart.setOption({ animation: false, textStyle: { fontFamily: 'inherit', color: ink }, ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg.replace('<svg ', `<svg role="img" aria-label="${description}" `);
}

const place = (points: TrialPoint[], factor: number) => points.map((point) => [point.p99Ms, point.quality * factor]);

/** Quality against p99 of every measured variant, the front joined by a line, the recommended one marked. */
export function paretoChart({ accelerator, points, thresholdMs, scale }: SearchReport): string {
  const { percent } = traits[scale.metric];
  const factor = percent ? 100 : 1;
  const name = percent ? `${scale.metric} (%)` : scale.metric;
  const front = points.filter(({ onFront }) => onFront).sort((a, b) => a.p99Ms - b.p99Ms);
  const limit = thresholdMs
    ? {
        silent: true,
        symbol: 'none',
        lineStyle: { color: bad, type: 'dashed' as const },
        label: { color: bad, formatter: `${thresholdMs} ms` },
        data: [{ xAxis: thresholdMs }],
      }
    : undefined;
  return draw(
    {
      grid: { left: 70, right: 40, top: 40, bottom: 60 },
      legend: { top: 4, textStyle: { color: ink } },
      xAxis: { ...axis, type: 'value', name: 'p99 (ms)', nameLocation: 'middle', nameGap: 32, min: 0 },
      // What is better is drawn higher, also where that is a smaller number.
      yAxis: { ...axis, type: 'value', name, scale: true, inverse: !higherIsBetter(scale) },
      series: [
        { name: 'measured', type: 'scatter', symbolSize: 8, itemStyle: { color: faint }, data: place(points, factor) },
        {
          name: 'Pareto front',
          type: 'line',
          symbolSize: 9,
          lineStyle: { color: accent },
          itemStyle: { color: accent },
          data: place(front, factor),
          markLine: limit,
        },
        {
          name: 'recommended',
          type: 'scatter',
          symbol: 'diamond',
          symbolSize: 18,
          itemStyle: { color: good },
          data: place(
            points.filter(({ recommended }) => recommended),
            factor,
          ),
        },
      ],
    },
    `${scale.metric} against p99 latency on ${accelerator}`,
  );
}

const smoothing = 8;

/** The mean of the last few readings: what arrives by chance in half a second is no load of its own. */
function smoothed(rates: number[]): number[] {
  return rates.map((_, i) => {
    const last = rates.slice(Math.max(0, i - smoothing + 1), i + 1);
    return last.reduce((sum, rate) => sum + rate, 0) / last.length;
  });
}

/** The percentile over time against its threshold, with the rollouts as marks. */
export function timelineChart({ series, history, thresholdMs, percentile }: SlaReport): string {
  const start = Date.parse(series[0]?.at ?? history[0]?.at ?? '1970-01-01');
  const seconds = (at: string) => Math.round((Date.parse(at) - start) / 100) / 10;
  const marks = history
    .filter(({ event }) => event !== 'Verdict')
    .map(({ at, event }, i) => ({
      xAxis: seconds(at),
      // Neighbours that come close in time would lie on each other.
      label: { formatter: event, color: ink, distance: i % 2 === 0 ? 4 : 18 },
      lineStyle: { color: accent },
    }));
  const load = smoothed(series.map(({ ratePerSecond }) => ratePerSecond));
  return draw(
    {
      grid: { left: 70, right: 70, top: 64, bottom: 60 },
      legend: { top: 4, textStyle: { color: ink } },
      xAxis: { ...axis, type: 'value', name: 'seconds', nameLocation: 'middle', nameGap: 32, max: 'dataMax' },
      yAxis: [
        { ...axis, type: 'log', name: `${percentile} (ms)` },
        { ...axis, type: 'value', name: 'requests/s', min: 0, splitLine: { show: false } },
      ],
      series: [
        {
          name: percentile,
          type: 'line',
          showSymbol: false,
          lineStyle: { color: accent, width: 2 },
          itemStyle: { color: accent },
          data: series.map(({ at, percentileMs }) => [seconds(at), percentileMs ?? null]),
          markLine: {
            silent: true,
            symbol: 'none',
            data: [
              { yAxis: thresholdMs, lineStyle: { color: bad }, label: { formatter: `${thresholdMs} ms`, color: bad } },
              ...marks,
            ],
          },
        },
        {
          name: 'load',
          type: 'line',
          yAxisIndex: 1,
          showSymbol: false,
          lineStyle: { color: faint },
          itemStyle: { color: faint },
          data: series.map(({ at }, i) => [seconds(at), load[i] ?? null]),
        },
      ],
    },
    `${percentile} latency over time against the threshold of ${thresholdMs} ms`,
  );
}
