import type { EChartsOption, SeriesOption } from 'echarts';
import type { Axis, Colour, Limit, Mark, MarkGroup, PlotData } from '../chart-data.ts';
import { legendHeight } from './legend.ts';
import type { Palette } from './palette.ts';

/** A narrow plot has no room for names beside its axes. */
const narrow = 500;

/** Something that can be pointed at: where it is in the option, and in the units of its axes. */
export interface Target {
  mark: Pick<Mark, 'key' | 'text' | 'href'>;
  seriesIndex: number;
  dataIndex: number;
  value: [number, number];
}

export interface Drawing {
  option: EChartsOption;
  targets: Target[];
}

function axis({ name, kind, inverse = false, min, max }: Axis, palette: Palette, isX: boolean) {
  return {
    ...{ type: kind, name, inverse, min, max, scale: true },
    ...(isX
      ? { nameLocation: 'middle' as const, nameGap: 30 }
      : { nameLocation: 'end' as const, nameGap: 12, position: 'left' as const }),
    nameTextStyle: { color: palette.ink, ...(!isX && { align: 'left' as const, padding: [0, 0, 0, -44] }) },
    axisLabel: {
      ...{ color: palette.ink, hideOverlap: true },
      // Where the range ends is nothing to read off.
      ...(kind === 'log' && min !== undefined && { showMinLabel: false, showMaxLabel: false }),
    },
    axisLine: { show: true, lineStyle: { color: palette.line } },
    axisTick: { lineStyle: { color: palette.line } },
    splitLine: { lineStyle: { color: palette.line, opacity: 0.5 } },
    // Time is told in one zone, whoever looks.
    ...(kind === 'time' && { splitNumber: 4 }),
  };
}

/** Each interval as a stretch of one broken line. */
function intervals({ marks, colour, name }: MarkGroup, palette: Palette): SeriesOption[] {
  const stretches = marks.flatMap(({ x, y, xRange, yRange }) => [
    ...(xRange && xRange[0] < xRange[1]
      ? [
          [xRange[0], y],
          [xRange[1], y],
          [null, null],
        ]
      : []),
    ...(yRange && yRange[0] < yRange[1]
      ? [
          [x, yRange[0]],
          [x, yRange[1]],
          [null, null],
        ]
      : []),
  ]) as [number, number][];
  if (stretches.length === 0) return [];
  return [
    {
      ...{ type: 'line', name, data: stretches, silent: true, showSymbol: false, connectNulls: false, z: 2 },
      lineStyle: { color: palette.of(colour), width: 1.5, opacity: 0.45 },
      itemStyle: { color: palette.of(colour) },
    },
  ];
}

function limitLine({ axis: of, at, label, colour }: Limit, palette: Palette) {
  return {
    ...(of === 'x' ? { xAxis: at } : { yAxis: at }),
    lineStyle: { color: palette.of(colour), type: 'dashed' as const, width: 2 },
    label: {
      ...{ formatter: label, color: palette.of(colour), fontWeight: 'bold' as const },
      position: of === 'x' ? ('end' as const) : ('insideEndTop' as const),
    },
  };
}

/** Turns what a plot means into what echarts draws. Marks come last, so that they lie on top. */
export function plot(data: PlotData, palette: Palette, width: number): Drawing {
  const colour = (of: Colour) => palette.of(of);
  const behind: SeriesOption = {
    ...{ type: 'line', data: [], silent: true, z: 0 },
    markLine: {
      ...{ silent: true, symbol: 'none', animation: false },
      data: data.limits.map((one) => limitLine(one, palette)),
    },
    markArea: {
      silent: true,
      data: (data.bands ?? []).map(({ from, to, colour: of }) => [
        { xAxis: from, itemStyle: { color: colour(of), opacity: 0.14 } },
        { xAxis: to },
      ]),
    },
  };
  const lines = data.lines.map(
    ({ name, colour: of, dashed, steps, second, points }): SeriesOption => ({
      ...{ type: 'line', name, data: points as [number, number][], silent: true, showSymbol: false, z: 1 },
      step: steps ? 'end' : false,
      yAxisIndex: second && data.y2 ? 1 : 0,
      lineStyle: { color: colour(of), width: second ? 1.5 : 2, type: dashed ? 'dashed' : 'solid' },
      itemStyle: { color: colour(of) },
    }),
  );
  const spread = data.groups.flatMap((group) => intervals(group, palette));
  const points = data.groups.map(
    ({ name, colour: of, symbol, size, marks }): SeriesOption => ({
      ...{ type: 'scatter', name, symbol, symbolSize: size, z: 3, cursor: 'pointer' },
      itemStyle: { color: colour(of), opacity: 1, borderColor: palette.paper, borderWidth: 1 },
      emphasis: { scale: 1.5, itemStyle: { borderColor: palette.ink, borderWidth: 2 } },
      data: marks.map(({ x, y }) => [x, y]),
    }),
  );
  const first = 1 + lines.length + spread.length;
  const targets = data.groups.flatMap(({ marks }, group) =>
    marks.map((mark, dataIndex): Target => {
      return { mark, seriesIndex: first + group, dataIndex, value: [mark.x, mark.y] };
    }),
  );
  const legend = [
    ...data.groups.map(({ name, symbol, colour: of }) => ({
      ...{ name, icon: symbol, itemStyle: { color: colour(of), borderWidth: 0, opacity: 1 } },
    })),
    ...data.lines.map(({ name }) => ({ name, icon: 'path://M0,8 L30,8 L30,12 L0,12 Z' })),
  ];
  const names = legend.map(({ name }) => name);
  return {
    targets: targets.sort((a, b) => a.value[0] - b.value[0]),
    option: {
      ...{ animation: false, useUTC: true, textStyle: { fontFamily: 'system-ui, sans-serif', color: palette.ink } },
      grid: {
        ...{
          left: 52,
          right: data.y2 ? 52 : width < narrow ? 20 : 36,
          top: 28 + legendHeight(names, width),
          bottom: 46,
        },
      },
      legend: {
        top: 0,
        left: 0,
        data: legend,
        textStyle: { color: palette.ink },
        itemGap: 14,
        itemWidth: 16,
        itemHeight: 12,
        selectedMode: false,
      },
      xAxis: axis(data.x, palette, true) as EChartsOption['xAxis'],
      yAxis: [data.y, ...(data.y2 ? [data.y2] : [])].map((one, i) => ({
        ...axis(one, palette, false),
        ...(i === 1 && {
          ...{ position: 'right', splitLine: { show: false } },
          nameTextStyle: { color: palette.ink, align: 'right', padding: [0, -44, 0, 0] },
        }),
      })) as EChartsOption['yAxis'],
      series: [behind, ...lines, ...spread, ...points],
    },
  };
}
