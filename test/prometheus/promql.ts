/** What Prometheus answers over its HTTP API. */
import assert from 'node:assert/strict';

interface Series {
  metric: Record<string, string>;
  value?: [number, string];
  values?: [number, string][];
}

async function ask<T>(url: string, path: string, asked: Record<string, string>): Promise<T> {
  const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(asked)}`);
  const { status, error, data } = (await response.json()) as { status: string; error?: string; data: T };
  assert.equal(status, 'success', `${JSON.stringify(asked)}: ${error}`);
  return data;
}

/** Series that have any number at all now, or in the last `seconds` where `seconds` is given. */
export async function answered(url: string, query: string, seconds?: number): Promise<Series[]> {
  const end = Date.now() / 1000;
  const range = seconds !== undefined && { start: String(end - seconds), end: String(end), step: '1' };
  const { result } = await ask<{ result: Series[] }>(url, range ? 'query_range' : 'query', { query, ...range });
  return result.filter(({ value, values = [] }) =>
    [...(value ? [value] : []), ...values].some(([, number]) => Number.isFinite(Number(number))),
  );
}

/** Values of a label among some series. */
export const labelValues = (url: string, series: string, label: string): Promise<string[]> =>
  ask(url, `label/${label}/values`, { 'match[]': series });

export interface Rule {
  name: string;
  health: 'ok' | 'err' | 'unknown';
  lastError?: string;
  state: 'inactive' | 'pending' | 'firing';
}

export async function alertRules(url: string): Promise<Rule[]> {
  const { groups } = await ask<{ groups: { rules: Rule[] }[] }>(url, 'rules', {});
  return groups.flatMap(({ rules }) => rules);
}
