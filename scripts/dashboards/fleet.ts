import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard, linkTo } from './dashboard.ts';
import { bars, left, lines, stacked, stat, table, thresholds } from './panels.ts';
import { the, variable } from './queries.ts';

const here = 'namespace=~"$namespace"';
const bySla = 'namespace, sla';
const bySearch = 'namespace, search';
const byAccelerator = 'namespace, search, accelerator';
const burn = the(bySla, `retune_sla_burn_rate{${here}}`);
const budgetLeft = the(bySla, `retune_sla_error_budget_left_ratio{${here}}`);
const share = `${the(bySla, `retune_sla_latency_seconds{${here}}`)} / ${the(bySla, `retune_sla_threshold_seconds{${here}}`)}`;

/** Every SLA and every search of some namespaces: which SLAs burn, which searches run. */
export const fleet = (): DashboardBuilder =>
  dashboard('fleet', 'every SLA and every search')
    .withVariable(
      variable('namespace', 'Namespace', '{__name__=~"retune_search_info|retune_sla_threshold_seconds"}', true),
    )
    .withRow(new RowBuilder('SLAs'))
    .withPanel(
      stat({
        ...{
          title: 'Violated',
          unit: 'short',
          description: 'SLAs whose present window is certainly above the threshold.',
        },
        queries: { violated: `sum(${the(bySla, `retune_sla_verdict{${here}, verdict="Violated"}`)})` },
      }).thresholds(thresholds([1, 'red'])),
    )
    .withPanel(
      stat({
        ...{
          title: 'Burning',
          unit: 'short',
          description: 'SLAs whose error budget is spent too fast over both windows of a pair.',
        },
        queries: { burning: `sum(${the(bySla, `retune_sla_burning{${here}}`)})` },
      }).thresholds(thresholds([1, 'orange'])),
    )
    .withPanel(
      stat({
        ...{
          title: 'Without data',
          unit: 'short',
          description: 'SLAs that can not be judged: too few requests, or no source.',
        },
        queries: { 'no data': `sum(${the(bySla, `retune_sla_verdict{${here}, verdict="NoData"}`)})` },
      }).thresholds(thresholds([1, 'yellow'])),
    )
    .withPanel(
      stat({
        ...{ title: 'Rollouts that run', unit: 'short', description: 'SLAs that compare a canary or take one back.' },
        queries: { rollouts: `sum(${the(bySla, `retune_sla_rollout_running{${here}}`)})` },
      }),
    )
    .withPanel(
      stat(
        {
          ...{
            title: 'Searches that run',
            unit: 'short',
            description: 'Searches that have not ended, waiting ones included.',
          },
          queries: { running: `count(${the(bySearch, `retune_search_info{${here}, state="running"}`)})` },
        },
        '0',
      ),
    )
    .withPanel(
      stat({
        ...{
          title: 'Without series',
          unit: 'short',
          description: 'SLAs and searches beyond 500 of each are only counted, in all namespaces.',
        },
        queries: { unnamed: 'max(retune_slas_without_series) + max(retune_searches_without_series)' },
      }).thresholds(thresholds([1, 'yellow'])),
    )
    .withPanel(
      table({
        ...{
          title: 'SLAs',
          unit: 'short',
          description: 'The percentile as a share of its threshold, what is left of the budget, and what is served.',
        },
        queries: {
          'of the threshold': share,
          'budget left': budgetLeft,
          'fastest burn rate': burn,
          verdicts: `${the('namespace, sla, verdict', `retune_sla_verdict{${here}}`)} == 1`,
          causes: `${the('namespace, sla, cause', `retune_sla_cause{${here}}`)} == 1`,
          variants: the('namespace, sla, variant, accelerator', `retune_sla_active_variant_info{${here}}`),
        },
        hidden: ['verdicts', 'causes', 'variants'],
        by: 'of the threshold',
        units: { 'of the threshold': 'percentunit', 'budget left': 'percentunit' },
        links: linkTo('sla'),
      }),
    )
    .withPanel(
      stacked({
        ...{ title: 'SLAs by verdict', unit: 'short', description: 'How many SLAs have each verdict.' },
        queries: {
          '{{verdict}}': `sum by (verdict) (${the('namespace, sla, verdict', `retune_sla_verdict{${here}}`)})`,
        },
      }),
    )
    .withPanel(
      bars({
        ...{ title: 'Rollouts that ended', unit: 'short', description: 'Variants promoted and rolled back.' },
        queries: { '{{result}}': `sum by (result) (increase(retune_sla_rollouts_total{${here}}[$__rate_interval]))` },
      }),
    )
    .withPanel(
      lines({
        ...{
          title: 'Fastest burn rates',
          unit: 'short',
          description:
            'Of the ten SLAs that burn fastest, over the window that burns most. At 1 the budget just lasts.',
        },
        queries: { '{{namespace}}/{{sla}}': `topk(10, ${burn})` },
      }),
    )
    .withPanel(
      lines({
        ...{
          title: 'Least budget left',
          unit: 'percentunit',
          description: 'Of the ten SLAs that have least; below zero it is overspent.',
        },
        queries: { '{{namespace}}/{{sla}}': `bottomk(10, ${budgetLeft})` },
      }).thresholds(left(0.1)),
    )
    .withRow(new RowBuilder('Searches'))
    .withPanel(
      table({
        ...{
          title: 'Searches',
          unit: 'short',
          description:
            'How each stands, how much of its budget is measured on an accelerator on average, and what came of it.',
        },
        queries: {
          states: the('namespace, search, state, reason', `retune_search_info{${here}}`),
          'of the budget': `avg by (${bySearch}) (${the(byAccelerator, `retune_search_variants_measured{${here}}`)}) / ${the(bySearch, `retune_search_variants_budget{${here}}`)}`,
          'on the fronts': `sum by (${bySearch}) (${the(byAccelerator, `retune_search_front_variants{${here}}`)})`,
          'fastest recommended p99': `min by (${bySearch}) (retune_search_recommended_latency_seconds{${here}})`,
        },
        hidden: ['states'],
        units: { 'of the budget': 'percentunit', 'fastest recommended p99': 's' },
        links: linkTo('search'),
      }),
    )
    .withPanel(
      stacked({
        ...{ title: 'Searches by state', unit: 'short', description: 'Of these namespaces, with reasons.' },
        queries: {
          '{{state}} {{reason}}': `count by (state, reason) (${the('namespace, search, state, reason', `retune_search_info{${here}}`)})`,
        },
      }),
    )
    .withPanel(
      stacked({
        ...{ title: 'Trials by state', unit: 'short', description: 'Of all namespaces, with reasons.' },
        queries: { '{{state}} {{reason}}': the('state, reason', 'retune_trials') },
      }),
    )
    .withPanel(
      lines({
        ...{
          title: 'What a trial takes',
          unit: 's',
          description:
            'Half and nine tenths of the trials took less, measuring and for everything else. Of all namespaces.',
        },
        queries: {
          'measuring, p50':
            'histogram_quantile(0.5, sum by (le) (rate(retune_trial_measuring_seconds_bucket[$__rate_interval])))',
          'measuring, p90':
            'histogram_quantile(0.9, sum by (le) (rate(retune_trial_measuring_seconds_bucket[$__rate_interval])))',
          'overhead, p50':
            'histogram_quantile(0.5, sum by (le) (rate(retune_trial_overhead_seconds_bucket[$__rate_interval])))',
          'overhead, p90':
            'histogram_quantile(0.9, sum by (le) (rate(retune_trial_overhead_seconds_bucket[$__rate_interval])))',
        },
      }),
    )
    .withPanel(
      lines({
        ...{ title: 'Nodes by accelerator type', unit: 'short', description: 'Ready nodes of each HardwareProfile.' },
        queries: { '{{accelerator}}': the('accelerator', 'retune_accelerator_nodes') },
      }),
    );
