/**
 * What somebody runs first: the demo, and the search of an example, which both measure and want the machine to themselves.
 * The demo is run as README.md has it, and prints what README.md shows but for figures. Five minutes, of what the tests on the
 * cluster try as well: asked for by RETUNE_TEST_DEMO=1.
 */
import assert from 'node:assert/strict';
import { cp, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { allBlocks } from './blocks.ts';
import { masked } from './proof.ts';
import { Checkout } from './shell.ts';

const skip = process.env.RETUNE_TEST_DEMO ? false : 'five minutes: RETUNE_TEST_DEMO=1 asks for it';
let checkout: Checkout;
before(async () => {
  if (skip) return;
  checkout = await Checkout.make();
});
after(() => checkout?.remove());

test('npm run demo mends a breach and says so in the words of README.md', { skip, timeout: 600_000 }, async () => {
  const shown = allBlocks().find(({ page, text }) => page === 'README.md' && text.startsWith('p99 before:'));
  const { code, stdout, stderr } = await checkout.bash('npm run demo', {}, 540);
  assert.equal(code, 0, `${stdout}${stderr}`);
  assert.ok(masked(stdout).includes(masked(shown?.text ?? '')), stdout);
  const [, sent = '0', failed = ''] = /requests: (\d+) sent, (\d+) failed/.exec(stdout) ?? [];
  assert.ok(Number(sent) > 100);
  assert.equal(failed, '0');
  const [, after = Number.NaN, sla = 0] = /after: ([\d.]+) ms {3}\(SLA (\d+) ms/.exec(stdout)?.map(Number) ?? [];
  assert.ok(after <= sla, `${after} ms of ${sla}`);
  assert.match(await readFile(join(checkout.folder, 'retune-report.html'), 'utf8'), /^<!doctype html>/i);
});

test('retune search runs the search of an example to a front and a report', { skip, timeout: 300_000 }, async () => {
  // The example as it is, but for what it may spend: the base model alone. Whole it takes minutes.
  await cp('examples/vit', join(checkout.folder, 'vit'), { recursive: true });
  const least = `sed -i 's/maxVariants: .*/maxVariants: 1/' vit/search.yaml`;
  const { code, stdout, stderr } = await checkout.bash(
    `${least}; retune search -f vit/search.yaml --report vit.html`,
    {},
    280,
  );
  assert.equal(code, 0, `${stdout}${stderr}`);
  assert.match(stdout, /p99/);
  assert.ok((await stat(join(checkout.folder, 'vit.html'))).size > 10_000);
});
