/**
 * The page in a real Chromium, served from an API server in this process. Pictures of every page are left in the folder
 * that RETUNE_TEST_SCREENSHOTS names.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { latencySlas, nasSearches, trials, variants } from '../../src/api/resources.ts';
import { searchReports, slaReport } from '../../src/cli/report-data.ts';
import { gate } from '../../src/observe/page/auth.ts';
import { example, readingsExample, slaExample, timeOf, trialAt, variantAt } from '../../src/observe/page/fixtures.ts';
import { renderReport } from '../../src/observe/report/report.ts';
import type { Cluster } from '../../src/runtime/cluster/cluster.ts';
import { say, whyNot } from '../cluster/cluster.ts';
import { install } from '../cluster/packages.ts';
import { checkPage } from './checks.ts';
import { chromiumProgram, startChromium, type Tab } from './chromium.ts';
import { exampleCluster, examplePage, put, renew } from './example.ts';

const debian: [file: string, name: string][] = [
  ['/usr/bin/chromium', 'chromium'],
  ['/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf', 'fonts-dejavu-core'],
];
const absent = whyNot();
const skip = chromiumProgram() === undefined && absent !== undefined && `there is no Chromium, and ${absent}`;
const sizes = [
  [390, 844],
  [1280, 900],
] as const;
const pages = [
  { name: 'overview', path: '/', figures: 0 },
  { name: 'search', path: '/searches/shop/orientation', figures: 2 },
  { name: 'variant', path: '/searches/shop/orientation/variants/orientation-v5', figures: 1 },
  { name: 'sla', path: '/slas/shop/web', figures: 1 },
  { name: 'hardware', path: '/hardware/xeon-avx512', figures: 1 },
];

describe('the page in Chromium', { skip }, () => {
  let cluster: Cluster;
  let page: Awaited<ReturnType<typeof examplePage>>;
  let browser: Awaited<ReturnType<typeof startChromium>>;
  let folder: string;

  before(async () => {
    if (!chromiumProgram()) await install(debian, say);
    folder = await mkdtemp(join(tmpdir(), 'retune-page-'));
    cluster = await exampleCluster(28);
    page = await examplePage(cluster);
    browser = await startChromium(chromiumProgram() ?? '');
  });
  after(async () => {
    await browser?.stop();
    await page?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  async function picture(tab: Tab, name: string) {
    const shots = process.env.RETUNE_TEST_SCREENSHOTS;
    if (!shots) return;
    await mkdir(shots, { recursive: true });
    await writeFile(join(shots, `${name}.png`), await tab.screenshot());
  }

  /** Both sizes, in light and dark, without loading it anew. */
  async function looks(tab: Tab, name: string, figures: number) {
    for (const [width, height] of sizes) {
      for (const scheme of ['light', 'dark'] as const) {
        await tab.resize(width, height, scheme);
        await tab.until(`[...document.querySelectorAll('.plot canvas')].every((one) => one.clientWidth <= ${width})`);
        await checkPage(tab, width, figures);
        await picture(tab, `${name}-${width}-${scheme}`);
      }
    }
  }

  for (const { name, path, figures } of pages) {
    test(`${name}: drawn, read and reached on a phone and a desk, in light and dark`, async () => {
      const tab = await browser.tab();
      await tab.resize(390, 844, 'light');
      await tab.open(page.url + path);
      await tab.until(`document.getElementById('status').dataset.state === 'live'`);
      await tab.read(`document.querySelectorAll('details').forEach((one) => one.open = ${name === 'variant'})`);
      await looks(tab, name, figures);
      await tab.read(`document.querySelectorAll('details').forEach((one) => one.open = true)`);
      await looks(tab, `${name}-open`, figures);
    });
  }

  const plot = '.plot';
  const tip = `[...document.querySelector('.tip').children].map((one) => one.textContent)`;

  test('hovering a point tells what it is, and leaving it tells no more', async () => {
    const tab = await browser.tab();
    await tab.resize(1280, 900, 'light');
    await tab.open(`${page.url}/searches/shop/orientation`);
    await tab.until(`document.querySelector('figure[data-drawn]')`);
    const [x, y] = await tab.read<[number, number]>(`(() => {
      const plot = document.querySelector('${plot}');
      const data = JSON.parse(plot.closest('figure').querySelector('script').textContent);
      const { x, y } = data.groups.find(({ name }) => name === 'recommended').marks[0];
      const at = echarts.getInstanceByDom(plot).convertToPixel({ gridIndex: 0 }, [x, y]);
      const box = plot.getBoundingClientRect();
      return [box.x + at[0], box.y + at[1]];
    })()`);
    await tab.hover(x, y);
    await tab.until(`!document.querySelector('.tip').hidden`);
    const told = await tab.read<string[]>(tip);
    assert.match(told[0] ?? '', /^INT8Static .* 1t$/);
    assert.match(told.join('\n'), /\nTop1 9\d\.\d\d% \(.* to .*\)\np99 .* ms \(.* to .*\)\n.* MiB\nRecommended: /);
    await picture(tab, 'hovered');
    await tab.hover(5, 5);
    await tab.until(`document.querySelector('.tip').hidden`);
    assert.deepEqual(tab.problems, []);
  });

  test('the arrow keys go from point to point and are read out, Escape hides, Enter opens', async () => {
    const tab = await browser.tab();
    await tab.resize(390, 844, 'dark');
    await tab.open(`${page.url}/searches/shop/orientation`);
    await tab.until(`document.querySelector('figure[data-drawn]')`);
    await tab.read(`document.querySelector('${plot}').focus()`);
    await tab.press('ArrowRight');
    const first = await tab.read<string[]>(tip);
    const spoken = `document.querySelector('figure [aria-live]').textContent`;
    assert.equal(await tab.read(spoken), first.join('. '));
    await tab.press('ArrowRight');
    const second = await tab.read<string[]>(tip);
    assert.notDeepEqual(second, first);
    await picture(tab, 'keyboard');
    const right = await tab.read<number>(`document.querySelector('.tip').getBoundingClientRect().right`);
    assert.ok(right <= 390, `what is told ends at ${right}`);
    await tab.press('ArrowLeft');
    assert.deepEqual(await tab.read(tip), first);
    await tab.press('Escape');
    assert.equal(await tab.read(`document.querySelector('.tip').hidden`), true);
    await tab.press('ArrowRight');
    await tab.press('Enter');
    await tab.until(`location.pathname.startsWith('/searches/shop/orientation/variants/')`);
  });

  test('a new trial appears by itself, and what was open and in focus stays so', async () => {
    const tab = await browser.tab();
    await tab.resize(1280, 900, 'light');
    await tab.open(`${page.url}/searches/shop/orientation`);
    await tab.until(`document.querySelector('figure[data-drawn="28"]')`);
    const table = 'shop-orientation-xeon-avx512-points';
    await tab.read(`document.getElementById('${table}').open = true`);
    await tab.read(`document.querySelector('${plot}').focus()`);
    await tab.press('ArrowRight');
    const told = await tab.read<string[]>(tip);
    await put(cluster, variants, variantAt(28));
    await put(cluster, trials, trialAt(28));
    await tab.until(`document.querySelector('figure[data-drawn="29"]')`);
    assert.equal(await tab.read(`document.getElementById('${table}').open`), true);
    assert.equal(await tab.read(`document.activeElement === document.querySelector('${plot}')`), true);
    assert.deepEqual(await tab.read(tip), told);
    assert.deepEqual(tab.problems, []);
  });

  test('a verdict changes before the eyes of whoever looks', async () => {
    const tab = await browser.tab();
    await tab.open(`${page.url}/slas/shop/web`);
    await tab.until(`document.querySelector('h1')?.textContent.includes('Met')`);
    await renew(cluster, latencySlas, slaExample('web', 120));
    await tab.until(`document.querySelector('h1')?.textContent.includes('Violated: Load')`);
    assert.deepEqual(tab.problems, []);
  });

  test('an operator that is gone is said so, and the page goes on when it is back', async () => {
    const tab = await browser.tab();
    const other = await examplePage(await exampleCluster(3));
    await tab.open(`${other.url}/`);
    await tab.until(`document.getElementById('status').dataset.state === 'live'`);
    await other.close();
    await tab.until(`document.getElementById('status').textContent === 'the operator cannot be reached'`);
    assert.match(await tab.read(`document.querySelector('main').textContent`), /orientation/);
  });

  test('away from this machine the page shows nothing until it is given a token that may read', async () => {
    const may = gate({
      clock: Date.now,
      reviews: {
        userOf: async (token) => (token === 'stranger' ? undefined : { username: token }),
        mayRead: async ({ username }) => username === 'reader',
      },
    });
    const guarded = await examplePage(await exampleCluster(3), may);
    const tab = await browser.tab();
    await tab.resize(390, 844, 'light');
    await tab.open(`${guarded.url}/searches/shop/orientation`);
    await tab.until(`document.querySelector('form input[name=token]')`);
    assert.doesNotMatch(await tab.read(`document.documentElement.textContent`), /orientation/);
    for (const [token, sentence] of [
      ['stranger', /does not know this token/],
      ['other', /may not get nassearches/],
    ] as const) {
      await tab.until(`document.querySelector('input[name=token]')`);
      await tab.read(`document.querySelector('input[name=token]').focus()`);
      await tab.read(`document.querySelector('input[name=token]').value = ''`);
      await tab.type(token);
      await tab.press('Enter');
      await tab.until(`document.querySelector('[role=alert]').textContent`);
      await tab.until(`${sentence}.test(document.querySelector('[role=alert]').textContent)`);
    }
    await picture(tab, 'sign-in');
    await tab.read(`document.querySelector('input[name=token]').focus()`);
    await tab.type('reader');
    await tab.press('Enter');
    await tab.until(`document.querySelector('figure[data-drawn="3"]')`);
    await tab.open(`${guarded.url}/`);
    await tab.until(`document.querySelector('main').textContent.includes('shop/orientation')`);
    await guarded.close();
  });

  test('a report is the same in one file, without a server', async () => {
    const search = await cluster.get(nasSearches, { namespace: 'shop', name: 'orientation' });
    assert.ok(search);
    const text = await renderReport({
      ...{ title: 'Retune: search orientation', generatedAt: timeOf(0) },
      headline: [{ label: 'Outcome', value: 'Completed', note: 'serve something' }],
      searches: await searchReports(cluster, search),
      slas: [slaReport(slaExample(), readingsExample)],
    });
    const file = join(folder, 'report.html');
    await writeFile(file, text);
    const tab = await browser.tab();
    await tab.resize(390, 844, 'light');
    await tab.open(pathToFileURL(file).href);
    await looks(tab, 'report', 5);
  });

  test('a thousand variants of one search make a page that is soon drawn', async () => {
    const many = await examplePage(await exampleCluster(1000));
    const tab = await browser.tab();
    await tab.resize(390, 844, 'light');
    await tab.open(`${many.url}/searches/shop/orientation`);
    await tab.until(`document.querySelector('figure[data-drawn]')`);
    assert.equal(example(1000).trials.length, 1000);
    assert.ok((await tab.read<number>(`document.documentElement.outerHTML.length`)) < 400_000);
    await many.close();
  });
});
