import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { load } from 'js-yaml';
import { render } from './shown.ts';
import { coloured, plain, styleOf } from './style.ts';
import { table } from './table.ts';
import { columnsOf, wrapped } from './text.ts';
import { tree } from './tree.ts';

const words = fc.array(fc.stringMatching(/^[a-zäé…✓]{1,9}$/), { minLength: 1, maxLength: 30 });

test('wrapping loses no word and keeps to the width', () => {
  fc.assert(
    fc.property(words, fc.integer({ min: 10, max: 60 }), (list, width) => {
      const lines = wrapped(list.join(' '), width);
      assert.deepEqual(
        lines.flatMap((line) => line.split(' ')),
        list,
      );
      assert.ok(lines.every((line) => columnsOf(line) <= width));
    }),
  );
});

test('colours are for terminals that want them', () => {
  const terminal = { isTTY: true, columns: 80 };
  const isRed = (style: ReturnType<typeof plain>) => style.tint('bad', 'x') !== 'x';
  assert.ok(isRed(styleOf(terminal, { TERM: 'xterm' })));
  assert.ok(!isRed(styleOf(terminal, { TERM: 'xterm', NO_COLOR: '1' })));
  assert.ok(!isRed(styleOf(terminal, { TERM: 'dumb' })));
  assert.ok(!isRed(styleOf({}, { TERM: 'xterm' })));
  assert.equal(styleOf({}, {}).width, Number.POSITIVE_INFINITY);
});

test('a table fits its terminal by cutting its last text, and a pipe gets all of it', () => {
  const columns = [{ name: 'name' }, { name: 'ms', right: true }, { name: 'label' }];
  const rows = [
    ['a', '1.00', 'short'],
    ['bb', '10.00', 'a very long label that does not fit'],
  ];
  const narrow = table(columns, rows, plain(30));
  assert.ok(narrow.every((line) => columnsOf(line) <= 30));
  assert.match(narrow[2] ?? '', /^bb {4}10\.00 {2}a very.*…$/);
  assert.match(table(columns, rows)[2] ?? '', /does not fit$/);
  assert.match(table(columns, rows)[1] ?? '', /^a {6}1\.00 {2}short$/);
});

test('a tree keeps to the width, with or without colours, and draws its branches', () => {
  const leaf = { heading: [{ text: 'pod' }, { text: 'Running', tone: 'good' as const }] };
  const branch = {
    heading: [
      { text: 'LatencySLA web', tone: 'bold' as const },
      { text: 'Violated by Load', tone: 'bad' as const },
    ],
    notes: ['p99 212 ms of 97 ms: 45.2 requests/s a replica against a measured capacity of 20'],
    branches: [leaf, { ...leaf, branches: [leaf] }, leaf],
  };
  for (const style of [plain(40), coloured(40)]) {
    const lines = tree([branch], style).map(stripVTControlCharacters);
    assert.ok(
      lines.every((line) => columnsOf(line) <= 40),
      lines.join('\n'),
    );
    assert.ok(lines.includes('├─ pod  Running') && lines.includes('└─ pod  Running'));
    assert.ok(lines.includes('│  └─ pod  Running'));
  }
});

test('json and yaml carry the same data', () => {
  const shown = { data: { a: 1, none: undefined, list: [{ b: 'x: y' }] }, lines: () => ['for people'] };
  assert.deepEqual(load(render(shown, 'yaml', plain())), JSON.parse(render(shown, 'json', plain())));
  assert.equal(render(shown, 'table', plain()), 'for people');
});
