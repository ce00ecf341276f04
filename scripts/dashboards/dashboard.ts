import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { datasourceVariable } from './queries.ts';

const tag = 'retune';
const uidOf = (name: string) => `retune-${name}`;

/** What all dashboards share: their names, links to each other that keep the time, and the choice of a Prometheus. */
export const dashboard = (name: string, about: string): DashboardBuilder =>
  new DashboardBuilder(`Retune: ${about}`)
    .uid(uidOf(name))
    .tags([tag])
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(
      new DashboardLinkBuilder('Retune')
        .type(DashboardLinkType.Dashboards)
        .tags([tag])
        .asDropdown(true)
        .includeVars(true)
        .keepTime(true),
    )
    .withVariable(datasourceVariable());

/** From a row of a table to the dashboard of the one object that it tells of. */
export const linkTo = (name: 'sla' | 'search'): { column: string; url: string } => ({
  column: name,
  url: `/d/${uidOf(name)}?var-datasource=\${datasource}&var-namespace=\${__data.fields.namespace}&var-${name}=\${__value.raw}&\${__url_time_range}`,
});
