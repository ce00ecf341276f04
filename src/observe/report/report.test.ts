import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { example, profile, readingsExample, slaExample, timeOf } from '../page/fixtures.ts';
import { searchView } from '../page/model/search.ts';
import { variantView } from '../page/model/variant.ts';
import type { ReportData } from './data.ts';
import { renderReport } from './report.ts';

function report(change: (found: ReturnType<typeof example>) => void = () => undefined): ReportData {
  const found = example(12);
  change(found);
  const { search, variants, trials } = found;
  const recommended = search.status?.accelerators?.[0]?.recommended ?? '';
  return {
    ...{ title: 'A <report>', generatedAt: timeOf(0) },
    headline: [{ label: 'p99', value: '5 ms', note: 'was 50 ms' }],
    searches: [
      {
        view: searchView(search, variants, trials),
        recommended: [variantView(search, { variants, trials }, [profile], recommended) ?? []].flat(),
        profiles: [profile],
      },
    ],
    slas: [{ sla: slaExample(), readings: readingsExample }],
  };
}

const scripts = (page: string) => [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text = '']) => text);

test('a report is one escaped file that may run what is in it and load nothing', async () => {
  const page = await renderReport(report());
  assert.match(page, /<h1>A &lt;report&gt;<\/h1>/);
  assert.match(page, /layer &lt;conv7&gt; has 3 channels/);
  const content = page.replaceAll(/<(script|style)\b[\s\S]*?<\/\1>/g, '');
  assert.doesNotMatch(content, /<link|<img|<iframe|\ssrc=|style="/);
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1]?.replaceAll('&#39;', "'") ?? '';
  assert.match(policy, /^default-src 'none'; script-src 'sha256-/);
  assert.equal(scripts(page).length, 2);
  for (const script of scripts(page)) {
    assert.ok(policy.includes(`'sha256-${createHash('sha256').update(script).digest('base64')}'`));
  }
});

test('every drawing has its data with it and stands beside a table', async () => {
  const page = await renderReport(report());
  const names = ['front', 'forecast', 'timeline', 'roofline', 'parts'];
  for (const name of names) assert.match(page, new RegExp(`<figure id="[^"]*-${name}"`));
  const data = [...page.matchAll(/<script type="application\/json">([\s\S]*?)<\/script>/g)];
  assert.equal(data.length, names.length);
  for (const [, text = ''] of data) assert.ok(['plot', 'bars'].includes(JSON.parse(text).kind));
  assert.equal(page.match(/<table>/g)?.length, page.match(/<caption/g)?.length);
});

test('what is in the data can end no script', async () => {
  const page = await renderReport(
    report(({ variants }) => {
      for (const { spec } of variants) spec.candidate.dimensions['</script><script>alert(1)//'] = 3;
    }),
  );
  assert.doesNotMatch(page, /<script>alert/);
  assert.equal(scripts(page).length, 2);
});
