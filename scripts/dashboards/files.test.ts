import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dashboardFiles } from './files.ts';

interface Panel {
  type: string;
  title: string;
  description?: string;
  datasource?: { uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig?: {
    defaults: { unit?: string };
    overrides: { properties: { id: string; value?: { url: string }[] }[] }[];
  };
  targets?: { refId: string; expr: string; legendFormat?: string; datasource?: { uid: string } }[];
}
interface Dashboard {
  uid: string;
  title: string;
  panels: Panel[];
  templating: { list: { name: string }[] };
}

const dashboards = [...dashboardFiles().values()].map((text) => JSON.parse(text) as Dashboard);
const panelsOf = ({ panels }: Dashboard) => panels.filter(({ type }) => type !== 'row');

test('dashboards have names of their own, and each panel says what it shows, in which unit', () => {
  assert.equal(new Set(dashboards.map(({ uid }) => uid)).size, dashboards.length);
  for (const dashboard of dashboards) {
    for (const { title, description, fieldConfig, targets = [] } of panelsOf(dashboard)) {
      const where = `${dashboard.title}, ${title}`;
      assert.ok(description?.endsWith('.'), where);
      // A plot has a unit for each axis.
      assert.ok(fieldConfig?.defaults.unit ?? fieldConfig?.overrides.length, where);
      assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, where);
      for (const { legendFormat } of targets) assert.ok(legendFormat, where);
    }
  }
});

test('everything is asked of the Prometheus that was chosen, with variables that there are', () => {
  for (const { title, templating, ...dashboard } of dashboards) {
    const known = [...templating.list.map(({ name }) => name), '__rate_interval'];
    for (const { datasource, targets = [] } of panelsOf({ title, templating, ...dashboard })) {
      assert.equal(datasource?.uid, '$'.concat('{datasource}'));
      for (const target of targets) {
        assert.equal(target.datasource?.uid, datasource.uid);
        for (const [, name = ''] of target.expr.matchAll(/\$(\w+)/g))
          assert.ok(known.includes(name), `${title}: ${name}`);
      }
    }
  }
});

test('panels fill rows of 24 columns, and none lies upon another', () => {
  for (const { title, panels } of dashboards) {
    const cells = panels.flatMap(({ title: panel, gridPos: { x, y, w, h } }) => {
      assert.ok(x + w <= 24, `${title}, ${panel}`);
      return Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`);
    });
    assert.equal(new Set(cells).size, cells.length, title);
  }
});

test('links lead to dashboards that there are, and hand over variables that these have', () => {
  const links = dashboards
    .flatMap(({ panels }) => panels.flatMap(({ fieldConfig }) => fieldConfig?.overrides ?? []))
    .flatMap(({ properties }) => properties.filter(({ id }) => id === 'links').flatMap(({ value = [] }) => value));
  assert.equal(links.length, 2);
  for (const { url } of links) {
    const target = dashboards.find(({ uid }) => url.startsWith(`/d/${uid}?`));
    assert.ok(target, url);
    const names = target.templating.list.map(({ name }) => name);
    for (const [, name = ''] of url.matchAll(/var-(\w+)=/g)) assert.ok(names.includes(name), `${url}: ${name}`);
  }
});
