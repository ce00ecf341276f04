import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import type { Tab } from './chromium.ts';

const text = await readFile(new URL('./in-browser.ts', import.meta.url), 'utf8');
const source = stripTypeScriptTypes(text).replaceAll(/^export /gm, '');
/** A function of in-browser.ts, called there. */
const call = (name: 'findings' | 'inked') => `(() => { ${source}; return ${name}(); })()`;

/** Whether everything on the page is drawn, fits, can be read, and went without an error. `figures` is how many there are. */
export async function checkPage(tab: Tab, width: number, figures: number): Promise<void> {
  await tab.until(`document.querySelectorAll('figure[data-drawn]').length === ${figures}`);
  const marks = await tab.read<number[]>(
    `[...document.querySelectorAll('figure')].map((one) => Number(one.dataset.drawn))`,
  );
  assert.ok(
    marks.every((count) => count > 0),
    `points: ${marks}`,
  );
  const pixels = await tab.read<number[]>(call('inked'));
  assert.equal(pixels.length, figures);
  assert.ok(
    pixels.every((count) => count > 2000),
    `pixels drawn: ${pixels}`,
  );
  const wide = await tab.read<number>('document.documentElement.scrollWidth');
  assert.ok(wide <= width, `the page is ${wide} wide, the screen ${width}`);
  assert.deepEqual(await tab.read<string[]>(call('findings')), []);
  assert.deepEqual(tab.problems, []);
}
