import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from './dashboard.ts';
import { lines, stacked, stat, thresholds, timeline, word } from './panels.ts';
import { the, variable } from './queries.ts';

const here = 'namespace=~"$namespace"';
const reconciles = (by: string, which = '') =>
  `sum by (${by}) (rate(retune_reconcile_total{${here}${which}}[$__rate_interval]))`;
const quantile = (share: number) =>
  `histogram_quantile(${share}, sum by (controller, le) (rate(retune_reconcile_duration_seconds_bucket{${here}}[$__rate_interval])))`;

/** The operator itself: who leads, how reconciles go, and what it takes. */
export const operatorHealth = (): DashboardBuilder =>
  dashboard('operator', 'the operator')
    .withVariable(variable('namespace', 'Namespace', 'retune_build_info', true))
    .withRow(new RowBuilder('Replicas'))
    .withPanel(
      word({
        ...{
          title: 'Leader',
          unit: 'short',
          description: 'The pod that holds the lease. The others wait to take over.',
        },
        queries: { '{{pod}}': `${the('pod', `retune_leader{${here}}`)} == 1` },
      }),
    )
    .withPanel(
      stat({
        ...{ title: 'Replicas', unit: 'short', description: 'Pods of the operator that Prometheus reaches.' },
        queries: { replicas: `count(retune_build_info{${here}})` },
      }),
    )
    .withPanel(
      word({
        ...{ title: 'Version', unit: 'short', description: 'What runs; more than one while it is upgraded.' },
        queries: { '{{version}} on Node {{node}}': the('version, node', `retune_build_info{${here}}`) },
      }),
    )
    .withPanel(
      stat({
        ...{
          title: 'Longest silence of a watch',
          unit: 's',
          description: 'Since anything was heard on the quietest watch. Connections are taken up anew twice a minute.',
        },
        queries: { age: `max(retune_watch_last_activity_age_seconds{${here}})` },
      }).thresholds(thresholds([90, 'yellow'], [180, 'red'])),
    )
    .withPanel(
      stat({
        ...{ title: 'Longest queue', unit: 'short', description: 'Objects that wait for one controller.' },
        queries: { depth: `max(retune_queue_depth{${here}})` },
      }).thresholds(thresholds([20, 'yellow'], [100, 'red'])),
    )
    .withPanel(
      stat({
        ...{ title: 'Runs for', unit: 's', description: 'Since the youngest replica was started.' },
        queries: { uptime: `time() - max(retune_process_start_time_seconds{${here}})` },
      }),
    )
    .withPanel(
      timeline({
        ...{ title: 'Who leads', unit: 'short', description: '1 while a replica leads.' },
        queries: { '{{pod}}': the('pod', `retune_leader{${here}}`) },
      }).thresholds(thresholds([0, 'blue'], [1, 'green'])),
    )
    .withPanel(
      lines({
        ...{
          title: 'Silence of watches',
          unit: 's',
          description: 'Since anything was heard on the quietest watch of each replica.',
        },
        queries: { '{{pod}}': the('pod', `retune_watch_last_activity_age_seconds{${here}}`) },
      }).min(0),
    )
    .withRow(new RowBuilder('Reconciles'))
    .withPanel(
      stacked({
        ...{ title: 'Reconciles by controller', unit: 'ops', description: 'Reconciles a second.' },
        queries: { '{{controller}}': reconciles('controller') },
      }),
    )
    .withPanel(
      stacked({
        ...{
          title: 'Reconciles by outcome',
          unit: 'ops',
          description: 'requeue is a write that came too late, error is tried again, terminal is not.',
        },
        queries: { '{{outcome}}': reconciles('outcome') },
      }),
    )
    .withPanel(
      lines({
        ...{
          title: 'Share of reconciles that fail',
          unit: 'percentunit',
          description: 'Errors and terminal errors over all reconciles.',
        },
        queries: {
          '{{controller}}': `${reconciles('controller', ', outcome=~"error|terminal"')} / ${reconciles('controller')}`,
        },
      }).min(0),
    )
    .withPanel(
      lines({
        ...{ title: 'Queue depth', unit: 'short', description: 'Objects that wait to be reconciled.' },
        queries: { '{{controller}}': the('controller', `retune_queue_depth{${here}}`) },
      }).min(0),
    )
    .withPanel(
      lines({
        ...{ title: 'Duration of a reconcile, median', unit: 's', description: 'Half took less.' },
        queries: { '{{controller}}': quantile(0.5) },
      }),
    )
    .withPanel(
      lines({
        ...{ title: 'Duration of a reconcile, p99', unit: 's', description: 'One in a hundred took longer.' },
        queries: { '{{controller}}': quantile(0.99) },
      }),
    )
    .withRow(new RowBuilder('Process'))
    .withPanel(
      lines({
        ...{
          title: 'Memory',
          unit: 'bytes',
          description: 'Of the process, and of its JavaScript heap, with what that may grow to.',
        },
        queries: {
          '{{pod}} resident': the('pod', `retune_process_resident_memory_bytes{${here}}`),
          '{{pod}} heap': the('pod', `retune_nodejs_heap_size_used_bytes{${here}}`),
          '{{pod}} heap limit': the('pod', `retune_nodejs_heap_size_limit_bytes{${here}}`),
        },
      }).min(0),
    )
    .withPanel(
      lines({
        ...{ title: 'Processor', unit: 'short', description: 'Cores in use.' },
        queries: { '{{pod}}': `sum by (pod) (rate(retune_process_cpu_seconds_total{${here}}[$__rate_interval]))` },
      }).min(0),
    )
    .withPanel(
      lines({
        ...{
          title: 'Lag of the event loop, p99',
          unit: 's',
          description: 'How late timers are: above a second, the processor is too small.',
        },
        queries: { '{{pod}}': the('pod', `retune_nodejs_eventloop_lag_p99_seconds{${here}}`) },
      }).min(0),
    )
    .withPanel(
      lines({
        ...{ title: 'Open files', unit: 'short', description: 'Connections included.' },
        queries: { '{{pod}}': the('pod', `retune_process_open_fds{${here}}`) },
      }).min(0),
    );
