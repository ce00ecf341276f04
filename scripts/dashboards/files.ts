/** Grafana's dashboards of the Helm chart. */
import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { fleet } from './fleet.ts';
import { operatorHealth } from './operator.ts';
import { oneSearch } from './search.ts';
import { oneSla } from './sla.ts';

const all: Record<string, () => DashboardBuilder> = { fleet, search: oneSearch, sla: oneSla, operator: operatorHealth };

/** Every dashboard as JSON by its path from the top of the project. */
export function dashboardFiles(): Map<string, string> {
  return new Map(
    Object.entries(all).map(([name, make]) => {
      return [`helm/retune/dashboards/${name}.json`, `${JSON.stringify(make().build(), undefined, 2)}\n`];
    }),
  );
}
