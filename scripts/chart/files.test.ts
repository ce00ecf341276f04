import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { load } from 'js-yaml';
import { operatorMetrics } from '../../src/observe/operator-metrics.ts';
import { fields, isGroup } from './fields.ts';
import { chartFiles, crdTemplate } from './files.ts';
import { Values } from './values.ts';

const files = chartFiles(new Map());
const values = load(files.get('helm/retune/values.yaml') ?? '');

test('values.yaml holds the default of every value, and is itself what the schema takes', () => {
  const leaves = fields().filter(({ schema }) => !isGroup(schema));
  assert.ok(leaves.length > 50);
  for (const { path, schema } of leaves) {
    const found = path.reduce((inner, key) => (inner as Record<string, unknown>)[key], values as unknown);
    assert.deepEqual(found, schema.default, path.join('.'));
  }
  assert.ok(Values.safeParse(values).success);
});

test('every value says what it does, in the file and in the table', () => {
  const readme = files.get('helm/retune/README.md') ?? '';
  for (const { path, schema } of fields()) {
    assert.ok(schema.description, path.join('.'));
    if (!isGroup(schema)) assert.ok(readme.includes(`| \`${path.join('.')}\` |`), path.join('.'));
  }
});

test('a chart may be part of another one, which hands it global values', () => {
  const schema = JSON.parse(files.get('helm/retune/values.schema.json') ?? '') as Record<string, object>;
  assert.equal(schema.additionalProperties, false);
  assert.ok('global' in (schema.properties ?? {}));
});

test('a CRD that helm would take for a template is refused', () => {
  assert.throws(() => crdTemplate('metadata:\n  name: x\nspec: "{{ x }}"\n'), /holds "\{\{"/);
  const template = crdTemplate('metadata:\n  name: x\n');
  assert.match(template, /^\{\{- if \.Values\.crds\.install \}\}\nmetadata:\n {2}labels:/);
});

test('the chart has the version of the operator', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  const chart = load(await readFile('helm/retune/Chart.yaml', 'utf8')) as { version: string; appVersion: string };
  assert.deepEqual([chart.version, chart.appVersion], [version, version]);
});

interface Rule {
  alert: string;
  expr: string;
  annotations: { runbook: string };
}

test('each alert has its section of docs/alerts.md, and asks for metrics that the operator has', async () => {
  const texts = await Promise.all(globSync('helm/retune/rules/*.yaml').map((path) => readFile(path, 'utf8')));
  const groups = texts.flatMap((text) => (load(text) as { groups: { rules: Rule[] }[] }).groups);
  assert.ok(groups.length >= 3);
  const docs = await readFile('docs/alerts.md', 'utf8');
  const metrics = operatorMetrics(['trial'], '0.0.0');
  metrics.watchAge(() => 0);
  const known = metrics.registry.getMetricsAsArray().map(({ name }) => name);
  for (const { alert, expr, annotations } of groups.flatMap(({ rules }) => rules)) {
    assert.ok(docs.includes(`## ${alert}\n`), alert);
    assert.equal(annotations.runbook, `docs/alerts.md#${alert.toLowerCase()}`);
    for (const [name] of expr.matchAll(/\bretune_\w+/g)) assert.ok(known.includes(name), `${alert}: ${name}`);
  }
});
