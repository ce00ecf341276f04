import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from './dashboard.ts';
import { bars, inColor, left, lines, stat, thresholds, timeline, word } from './panels.ts';
import { annotation, the, variable } from './queries.ts';

const here = 'namespace="$namespace", sla="$sla"';
const one = (metric: string) => the('sla', `${metric}{${here}}`);
const now = (label: string, metric: string) => `${the(label, `${metric}{${here}}`)} == 1`;

/** One SLA: whether its promise is kept, what of the budget is left, what is served, and what was done when. */
export const oneSla = (): DashboardBuilder =>
  dashboard('sla', 'one SLA')
    .withVariable(variable('namespace', 'Namespace', 'retune_sla_threshold_seconds'))
    .withVariable(variable('sla', 'SLA', 'retune_sla_threshold_seconds{namespace="$namespace"}'))
    .annotation(
      annotation(
        'Causes',
        'red',
        'Violated: {{cause}}',
        `${the('cause', `retune_sla_cause{${here}, cause!="None"}`)} == 1`,
      ),
    )
    .annotation(annotation('Rollouts', 'blue', 'Rollout for {{sla}}', `${one('retune_sla_rollout_running')} == 1`))
    .annotation(
      annotation(
        'Ends of rollouts',
        'purple',
        '{{result}}',
        `sum by (result) (increase(retune_sla_rollouts_total{${here}}[2m])) > 0`,
      ),
    )
    .withRow(new RowBuilder('$sla'))
    .withPanel(
      word({
        ...{ title: 'Verdict', unit: 'short', description: 'Of the last window.' },
        queries: { '{{verdict}}': now('verdict', 'retune_sla_verdict') },
      })
        .overrideByName('Violated', [inColor('red')])
        .overrideByName('Drifting', [inColor('yellow')])
        .overrideByName('NoData', [inColor('text')]),
    )
    .withPanel(
      word({
        ...{ title: 'Cause', unit: 'short', description: 'Of the violation; None while there is none.' },
        queries: { '{{cause}}': now('cause', 'retune_sla_cause') },
      }),
    )
    .withPanel(
      word({
        ...{ title: 'Serves', unit: 'short', description: 'The active variant and the accelerator type of its nodes.' },
        queries: {
          '{{variant}} on {{accelerator}}': the('variant, accelerator', `retune_sla_active_variant_info{${here}}`),
        },
      }),
    )
    .withPanel(
      stat({
        ...{
          title: 'Of the threshold',
          unit: 'percentunit',
          description: 'The percentile as a share of the threshold.',
        },
        queries: { share: `${one('retune_sla_latency_seconds')} / ${one('retune_sla_threshold_seconds')}` },
      }).thresholds(thresholds([0.8, 'yellow'], [1, 'red'])),
    )
    .withPanel(
      stat({
        ...{
          title: 'Budget left',
          unit: 'percentunit',
          description: 'Of the budget period; below zero it is overspent.',
        },
        queries: { left: one('retune_sla_error_budget_left_ratio') },
      }).thresholds(left(0.1)),
    )
    .withPanel(
      stat({
        ...{ title: 'Requests', unit: 'reqps', description: 'In the last window.' },
        queries: { requests: one('retune_sla_requests_per_second') },
      }),
    )
    .withPanel(
      lines({
        ...{
          title: 'Percentile against threshold',
          unit: 's',
          description: 'The percentile of the objective, by window, and what it may be at the most.',
        },
        queries: { percentile: one('retune_sla_latency_seconds'), threshold: one('retune_sla_threshold_seconds') },
      })
        .min(0)
        .overrideByName('threshold', [inColor('red')]),
    )
    .withPanel(
      lines({
        ...{
          title: 'Burn rates',
          unit: 'short',
          description: 'By window: at 1 the budget lasts exactly its period. docs/sla.md has the pairs that alarm.',
        },
        queries: { '{{window}}': the('window', `retune_sla_burn_rate{${here}}`) },
      }).min(0),
    )
    .withPanel(
      lines({
        ...{
          title: 'Budget left',
          unit: 'percentunit',
          description: 'Share of the error budget; below zero it is overspent.',
        },
        queries: { left: one('retune_sla_error_budget_left_ratio') },
      }),
    )
    .withPanel(
      lines({
        ...{ title: 'Requests', unit: 'reqps', description: 'Requests a second in the last window.' },
        queries: { requests: one('retune_sla_requests_per_second') },
      }).min(0),
    )
    .withRow(new RowBuilder('What was done'))
    .withPanel(
      timeline({
        ...{ title: 'Active variant', unit: 'short', description: 'What was served when.' },
        queries: {
          '{{variant}} on {{accelerator}}': the('variant, accelerator', `retune_sla_active_variant_info{${here}}`),
        },
      }),
    )
    .withPanel(
      timeline({
        ...{ title: 'Verdicts', unit: 'short', description: 'What each window was judged to be.' },
        queries: { '{{verdict}}': now('verdict', 'retune_sla_verdict') },
      })
        .overrideByName('Violated', [inColor('red')])
        .overrideByName('Drifting', [inColor('yellow')])
        .overrideByName('NoData', [inColor('text')]),
    )
    .withPanel(
      timeline({
        ...{ title: 'Causes', unit: 'short', description: 'What violations were put down to.' },
        queries: { '{{cause}}': now('cause', 'retune_sla_cause') },
      }),
    )
    .withPanel(
      timeline({
        ...{
          title: 'Conditions',
          unit: 'short',
          description:
            'Whether a rollout ran, production was slower than the variant was measured, the budget burnt, and it was suspended: 1 for yes.',
        },
        queries: {
          rollout: one('retune_sla_rollout_running'),
          drift: one('retune_sla_drifting'),
          'burns: {{speed}}': the('speed', `retune_sla_burning{${here}}`),
          suspended: one('retune_sla_suspended'),
        },
      }).thresholds(thresholds([1, 'orange'])),
    )
    .withPanel(
      bars({
        ...{
          title: 'Rollouts that ended',
          unit: 'short',
          description: 'Variants promoted and rolled back for this SLA.',
          width: 24,
        },
        queries: { '{{result}}': `sum by (result) (increase(retune_sla_rollouts_total{${here}}[$__rate_interval]))` },
      }),
    );
