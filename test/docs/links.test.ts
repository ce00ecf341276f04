import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { pages } from './blocks.ts';
import { anchorOf, anchorsOf, broken, linksOf } from './links.ts';

test('every link leads to a file that is there, and to a heading of it', () => {
  const found = pages().map((page) => ({ page, links: linksOf(readFileSync(page, 'utf8')) }));
  assert.ok(found.flatMap(({ links }) => links).length > 60);
  assert.deepEqual(
    found.flatMap(({ page, links }) => links.flatMap((link) => broken(page, link) ?? [])),
    [],
  );
});

test('every page of docs can be reached from the README', () => {
  const reached = new Set<string>();
  const follow = (page: string): void => {
    if (reached.has(page)) return;
    reached.add(page);
    const folder = page.includes('/') ? page.slice(0, page.lastIndexOf('/') + 1) : '';
    for (const { target } of linksOf(readFileSync(page, 'utf8'))) {
      const path = new URL(target, `file:///${folder}`).pathname.slice(1);
      if (path.endsWith('.md')) follow(path);
      // A folder of pages is a list of them.
      else
        for (const inside of pages().filter(
          (one) => one.startsWith(`${path}/`) && !one.slice(path.length + 1).includes('/'),
        ))
          follow(inside);
    }
  };
  follow('README.md');
  assert.deepEqual(
    pages().filter((page) => page.startsWith('docs/') && !reached.has(page)),
    [],
  );
});

test('headings have the names that GitHub gives them', () => {
  assert.equal(anchorOf('In the whole cluster, or in some namespaces'), 'in-the-whole-cluster-or-in-some-namespaces');
  assert.equal(anchorOf('`NASSearch` and [its](x.md) p99'), 'nassearch-and-its-p99');
  assert.deepEqual([...anchorsOf('# A\n\n```\n# no\n```\n\n## A\n')], ['a', 'a-1']);
});

test('links in code and to other sites are none, and one that leads nowhere is named', () => {
  assert.deepEqual(linksOf('`[a](b)` [c](d.md#e)\n[f](https://g.example)\n[h](#i)'), [
    { line: 1, target: 'd.md#e' },
    { line: 3, target: '#i' },
  ]);
  assert.match(
    broken('docs/cli.md', { line: 1, target: 'none.md' }) ?? '',
    /^docs\/cli\.md:1: there is no docs\/none\.md$/,
  );
  assert.match(broken('docs/cli.md', { line: 1, target: '#none' }) ?? '', /has no #none/);
});
