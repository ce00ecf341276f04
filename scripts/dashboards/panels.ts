/** The kinds of panels that the dashboards are made of. */
import {
  BigValueColorMode,
  BigValueTextMode,
  GraphDrawStyle,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TableSortByFieldStateBuilder,
  VisibilityMode,
  VizLegendOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardLinkBuilder,
  type DynamicConfigValue,
  FieldColorModeId,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as LinesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { columns, datasource, instants, type Queries, ranges } from './queries.ts';

/** What every panel says of itself. Units are Grafana's: `s`, `percentunit`, `reqps`, `bytes`, `short`. */
export interface About {
  title: string;
  description: string;
  unit: string;
  queries: Queries;
  /** Of 24 columns. */
  width?: number;
}

/** Green, and from each value on another colour. */
export function thresholds(...steps: [from: number, color: string][]): ThresholdsConfigBuilder {
  const all: Threshold[] = [{ value: null, color: 'green' }, ...steps.map(([value, color]) => ({ value, color }))];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(all);
}

/** Red below zero, yellow below `enough`: of what should not run out. */
export const left = (enough: number): ThresholdsConfigBuilder =>
  new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
    { value: null, color: 'red' },
    { value: 0, color: 'yellow' },
    { value: enough, color: 'green' },
  ]);

/** One colour for a series, whatever its value. */
export const inColor = (fixedColor: string): DynamicConfigValue => ({
  id: 'color',
  value: { mode: FieldColorModeId.Fixed, fixedColor },
});

/** Lines over time. */
export const lines = ({ title, description, unit, queries, width = 12 }: About): LinesBuilder =>
  new LinesBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .targets(ranges(queries))
    .unit(unit)
    .height(8)
    .span(width)
    .lineWidth(2)
    .fillOpacity(5)
    .showPoints(VisibilityMode.Never)
    .legend(new VizLegendOptionsBuilder().showLegend(true));

/** Counts that add up, over time. */
export const stacked = (about: About): LinesBuilder =>
  lines(about).fillOpacity(60).lineWidth(0).min(0).stacking(new StackingConfigBuilder().mode(StackingMode.Normal));

/** What happened, as bars. */
export const bars = (about: About): LinesBuilder => stacked(about).drawStyle(GraphDrawStyle.Bars).fillOpacity(80);

/** One number now; an empty answer reads `none`. */
export const stat = ({ title, description, unit, queries, width = 4 }: About, none = '–'): StatBuilder =>
  new StatBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .targets(instants(queries))
    .unit(unit)
    .noValue(none)
    .height(4)
    .span(width)
    .colorMode(BigValueColorMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .thresholds(thresholds());

/** What something is now, told by the names of its series rather than by their values. */
export const word = (about: About): StatBuilder => stat(about).textMode(BigValueTextMode.Name);

/** Which of some states held when: a row a series. */
export const timeline = ({ title, description, unit, queries, width = 12 }: About): TimelineBuilder =>
  new TimelineBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .targets(ranges(queries))
    .unit(unit)
    .height(8)
    .span(width)
    .mergeValues(true)
    .showValue(VisibilityMode.Never)
    .legend(new VizLegendOptionsBuilder().showLegend(false))
    .thresholds(thresholds());

export interface Table extends About {
  /** Columns of values that only pick rows, whose labels say it all. */
  hidden?: string[];
  /** A column whose cells lead to a dashboard. */
  links?: { column: string; url: string };
  /** The column that rows are sorted by, the largest first. */
  by?: string;
  /** Units of single columns. */
  units?: Record<string, string>;
}

/** Rows by labels; queries are columns, by their names. */
export function table({
  title,
  description,
  unit,
  queries,
  hidden = [],
  links,
  by,
  units = {},
  width = 24,
}: Table): TableBuilder {
  const names = Object.keys(queries);
  const values = names.map(
    (name, i) => [names.length > 1 ? `Value #${'ABCDEFGHIJKLMNOP'[i]}` : 'Value', name] as const,
  );
  const excluded = values.filter(([, name]) => hidden.includes(name)).map(([value]) => [value, true]);
  const built = new TableBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .targets(columns(queries))
    .unit(unit)
    .height(9)
    .span(width)
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: Object.fromEntries([['Time', true], ...excluded]),
        renameByName: Object.fromEntries(values),
      },
    });
  for (const [column, value] of Object.entries(units)) built.overrideByName(column, [{ id: 'unit', value }]);
  if (by) built.sortBy([new TableSortByFieldStateBuilder().displayName(by).desc(true)]);
  if (links)
    built.overrideByName(links.column, [
      { id: 'links', value: [new DashboardLinkBuilder(`Open this ${links.column}`).url(links.url).build()] },
    ]);
  return built;
}
