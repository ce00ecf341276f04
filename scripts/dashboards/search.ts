import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import {
  SeriesMapping,
  PanelBuilder as XYBuilder,
  XYSeriesConfigBuilder,
  XYShowMode,
} from '@grafana/grafana-foundation-sdk/xychart';
import { dashboard } from './dashboard.ts';
import { lines, stat, table, thresholds, word } from './panels.ts';
import { columns, datasource, the, variable } from './queries.ts';

const search = 'namespace="$namespace", search="$search"';
const here = `${search}, accelerator="$accelerator"`;
const one = (metric: string) => the('accelerator', `${metric}{${here}}`);
const front = {
  p99: the('variant', `retune_search_front_latency_seconds{${here}}`),
  quality: the('variant', `retune_search_front_quality{${here}}`),
};

/** Quality over latency. The two queries are made one frame by their variant. */
const plot = (): XYBuilder =>
  new XYBuilder()
    .title('Front')
    .description(
      'Variants that no other beats in both quality and p99. Fronts of more than 1,000 points together are told of the youngest searches.',
    )
    .datasource(datasource)
    .targets(columns(front))
    .height(9)
    .span(12)
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: { excludeByName: { Time: true }, renameByName: { 'Value #A': 'p99', 'Value #B': 'quality' } },
    })
    .overrideByName('p99', [{ id: 'unit', value: 's' }])
    .show(XYShowMode.Points)
    .mapping(SeriesMapping.Manual)
    .series([
      new XYSeriesConfigBuilder()
        .frame({ matcher: { id: 'byIndex', options: 0 } })
        .x({ matcher: { id: 'byName', options: 'p99' } })
        .y({ matcher: { id: 'byName', options: 'quality' } }),
    ]);

/** One search on one accelerator: its front, how far it is, and what its forecasts are worth. */
export const oneSearch = (): DashboardBuilder =>
  dashboard('search', 'one search')
    .withVariable(variable('namespace', 'Namespace', 'retune_search_info'))
    .withVariable(variable('search', 'Search', 'retune_search_info{namespace="$namespace"}'))
    .withVariable(variable('accelerator', 'Accelerator', `retune_search_variants_measured{${search}}`))
    .withRow(new RowBuilder('$search on $accelerator'))
    .withPanel(
      word({
        ...{ title: 'State', unit: 'short', description: 'How the search stands, with its reason.' },
        queries: { '{{state}}: {{reason}}': the('state, reason', `retune_search_info{${search}}`) },
      }),
    )
    .withPanel(
      stat({
        ...{
          title: 'Measured',
          unit: 'percentunit',
          description: 'Variants measured here, of those that the budget allows.',
        },
        queries: {
          measured: `${one('retune_search_variants_measured')} / on () group_left () ${the('', `retune_search_variants_budget{${search}}`)}`,
        },
      }),
    )
    .withPanel(
      stat({
        ...{ title: 'On the front', unit: 'short', description: 'Variants that no other beats in every objective.' },
        queries: { variants: one('retune_search_front_variants') },
      }),
    )
    .withPanel(
      stat({
        ...{
          title: 'Recommended p99',
          unit: 's',
          description: 'Of the variant that the search recommends here; empty while there is none.',
        },
        queries: { p99: one('retune_search_recommended_latency_seconds') },
      }),
    )
    .withPanel(
      stat({
        ...{
          title: 'Forecast error',
          unit: 'percentunit',
          description: 'How far measured latencies are from their forecasts, at the median.',
        },
        queries: { error: one('retune_search_forecast_error_ratio') },
      }).thresholds(thresholds([0.15, 'yellow'], [0.3, 'red'])),
    )
    .withPanel(
      stat({
        ...{
          title: 'Within 90% interval',
          unit: 'percentunit',
          description:
            'Share of measured latencies within the interval of their forecast: about 90% where forecasts are honest.',
        },
        queries: { within: one('retune_search_forecast_within_ratio') },
      }),
    )
    .withPanel(plot())
    .withPanel(
      table({
        ...{ title: 'Variants on the front', unit: 'short', description: 'The same as a table.', width: 12 },
        queries: front,
        units: { p99: 's' },
      }),
    )
    .withRow(new RowBuilder('Progress'))
    .withPanel(
      lines({
        ...{
          title: 'Variants',
          unit: 'short',
          description: 'Measured; not measured because another surely beats them; and how many may be measured.',
        },
        queries: {
          measured: one('retune_search_variants_measured'),
          'need not be measured': one('retune_search_variants_skipped'),
          budget: the('', `retune_search_variants_budget{${search}}`),
          'on the front': one('retune_search_front_variants'),
        },
      }),
    )
    .withPanel(
      lines({
        ...{
          title: 'Hypervolume',
          unit: 'short',
          description:
            'What the front dominates, in milliseconds times quality lost: it grows with every better variant, and flattens when a search is done.',
        },
        queries: { hypervolume: one('retune_search_hypervolume') },
      }),
    )
    .withPanel(
      lines({
        ...{ title: 'Recommended p99', unit: 's', description: 'Of the variant that the search recommends here.' },
        queries: { p99: one('retune_search_recommended_latency_seconds') },
      }),
    )
    .withPanel(
      lines({
        ...{
          title: 'Forecast against measured',
          unit: 'percentunit',
          description:
            'Error at the median, and the share of measured latencies within the 90% interval of their forecast.',
        },
        queries: {
          error: one('retune_search_forecast_error_ratio'),
          'within the interval': one('retune_search_forecast_within_ratio'),
        },
      }),
    );
