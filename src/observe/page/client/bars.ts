import type { EChartsOption, SeriesOption } from 'echarts';
import type { BarsData } from '../chart-data.ts';
import { legendHeight } from './legend.ts';
import type { Palette } from './palette.ts';
import type { Drawing, Target } from './plot.ts';

/** Rows of stacked parts; each part can be pointed at. */
export function bars({ axis, rows, parts }: BarsData, palette: Palette, width: number): Drawing {
  const before = rows.map(() => 0);
  const targets: Target[] = parts.flatMap(({ name, values, text }, seriesIndex) =>
    values.flatMap((value, row) => {
      const start = before[row] ?? 0;
      before[row] = start + value;
      if (value === 0) return [];
      const mark = { key: `${rows[row]} ${name}`, text: text[row] ?? [name] };
      return [{ mark, seriesIndex, dataIndex: row, value: [start + value / 2, row] as [number, number] }];
    }),
  );
  const names = parts.map(({ name }) => name);
  const option: EChartsOption = {
    ...{ animation: false, textStyle: { fontFamily: 'system-ui, sans-serif', color: palette.ink } },
    grid: { left: 64, right: 20, top: 6 + legendHeight(names, width), bottom: 48 },
    legend: {
      top: 0,
      left: 0,
      textStyle: { color: palette.ink },
      itemGap: 14,
      itemWidth: 16,
      itemHeight: 12,
      selectedMode: false,
    },
    xAxis: {
      ...{ type: 'value', name: axis, nameLocation: 'middle', nameGap: 28 },
      ...{ nameTextStyle: { color: palette.ink }, axisLabel: { color: palette.ink, hideOverlap: true } },
      splitLine: { lineStyle: { color: palette.line, opacity: 0.5 } },
    },
    yAxis: {
      ...{ type: 'category', data: rows, inverse: true, axisLabel: { color: palette.ink } },
      axisLine: { lineStyle: { color: palette.line } },
    },
    series: parts.map(
      ({ name, colour, values }): SeriesOption => ({
        ...{ type: 'bar', name, stack: 'run', data: values, barWidth: '60%', cursor: 'pointer' },
        itemStyle: { color: palette.of(colour), borderColor: palette.paper, borderWidth: 1 },
        emphasis: { itemStyle: { borderColor: palette.ink, borderWidth: 2 } },
      }),
    ),
  };
  const order = (target: Target) => target.value[1] * 1e12 + target.value[0];
  return { option, targets: targets.sort((a, b) => order(a) - order(b)) };
}
