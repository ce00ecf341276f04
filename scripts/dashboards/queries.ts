/** PromQL of the dashboards, and Grafana's variables in it. */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  AnnotationQueryBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';

export const datasource = { type: 'prometheus', uid: `\${datasource}` };

/** Series by what their lines are called: `{{label}}` stands for the value of a label. */
export type Queries = Record<string, string>;

const letters = [...'ABCDEFGHIJKLMNOP'];
const refId = (index: number) => {
  const letter = letters[index];
  if (letter === undefined) throw new Error(`a panel has at most ${letters.length} queries`);
  return letter;
};

/** Over the time that is shown. */
export const ranges = (queries: Queries): DataqueryBuilder[] =>
  Object.entries(queries).map(([legend, expr], i) =>
    new DataqueryBuilder().refId(refId(i)).datasource(datasource).expr(expr).legendFormat(legend).range(),
  );

/** The last value alone. */
export const instants = (queries: Queries): DataqueryBuilder[] =>
  Object.entries(queries).map(([legend, expr], i) =>
    new DataqueryBuilder().refId(refId(i)).datasource(datasource).expr(expr).legendFormat(legend).instant(),
  );

/** As frames that a table is put together from; the name of a query is that of its column of values. */
export const columns = (queries: Queries): DataqueryBuilder[] =>
  instants(queries).map((query) => query.format(PromQueryFormat.Table));

/**
 * The series of one object by `labels`, whichever replica told of them: only the leader does, and a new leader is
 * another pod.
 */
export const the = (labels: string, series: string): string => `max by (${labels}) (${series})`;

export const datasourceVariable = (): Builder<VariableModel> =>
  new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus');

/** The values of `label` among some series, all of them at once where `all` is set. */
export function variable(name: string, label: string, series: string, all = false): Builder<VariableModel> {
  const built = new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query({ query: `label_values(${series}, ${name})`, refId: 'values' })
    .definition(`label_values(${series}, ${name})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
  // Series without the label count too: an operator that is scraped by its address has no namespace.
  return all ? built.includeAll(true).multi(true).allValue('.*') : built;
}

/** Marks the times at which the query has series; `title` may name its labels. */
export const annotation = (name: string, color: string, title: string, expr: string): AnnotationQueryBuilder =>
  new AnnotationQueryBuilder()
    .name(name)
    .datasource(datasource)
    .enable(true)
    .iconColor(color)
    .expr(expr)
    .titleFormat(title);
