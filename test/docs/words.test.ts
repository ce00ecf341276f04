/** What the pages call things: commands, options, scripts, benches and files are there under these names. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { allBlocks, codeSpans, pages } from './blocks.ts';
import { misuse, type Usage, usage, useOf } from './usage.ts';

/** Every line of code in the pages, in blocks and between words, with where it is. */
const lines = pages().flatMap((page) => {
  const spans = codeSpans(readFileSync(page, 'utf8')).map(({ line, code }) => ({ where: `${page}:${line}`, code }));
  const inBlocks = allBlocks()
    .filter((block) => block.page === page)
    .flatMap(({ line, text }) => text.split('\n').map((code, i) => ({ where: `${page}:${line + i}`, code })));
  return [...spans, ...inBlocks];
});
const cliPage = readFileSync('docs/cli.md', 'utf8');

describe('the command line', () => {
  let known: Usage;
  before(async () => {
    known = await usage();
  });

  test('every use of retune in the pages is one that it takes', () => {
    const used = lines.flatMap(({ where, code }) => {
      const use = useOf(code);
      return use ? [{ where, use }] : [];
    });
    assert.ok(used.length > 40);
    assert.deepEqual(
      used.flatMap(({ where, use }) => {
        const why = misuse(known, use);
        return why ? [`${where}: ${why}`] : [];
      }),
      [],
    );
  });

  test('every command and every option is told of in docs/cli.md, and no other', () => {
    const told = new Set([...cliPage.matchAll(/(?<![\w-])--[a-z][\w-]*/g)].map(([option]) => option));
    const all = new Set(
      [...known.values()].flatMap(({ options }) => [...options.keys()]).filter((one) => one.startsWith('--')),
    );
    all.delete('--help');
    assert.deepEqual(
      [...all].filter((option) => !told.has(option)),
      [],
      'options that docs/cli.md has not',
    );
    assert.deepEqual(
      [...told].filter((option) => !all.has(option)),
      [],
      'options that retune has not',
    );
    assert.ok(known.size > 15);
    for (const command of known.keys()) {
      assert.match(cliPage, new RegExp(`\`(retune )?${command}\\b|^retune ${command}\\b`, 'm'), command);
    }
  });

  test('a command or an option that is not there would be seen', () => {
    const of = (line: string) => misuse(known, useOf(line) ?? { command: '', words: [] });
    assert.equal(of('$ kubectl retune front quick --accelerator fast -o json'), undefined);
    assert.match(of('retune fronts quick') ?? '', /no command fronts/);
    assert.match(of('retune gc --dryrun') ?? '', /no option --dryrun/);
    assert.match(of('retune explain sla NAME') ?? '', /takes 1 arguments, not 2/);
    assert.equal(useOf('retune-report.html'), undefined);
  });
});

test('every npm script and every bench that a page names is there', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const benches = readFileSync('test/bench/main.ts', 'utf8');
  const wrong = lines.flatMap(({ where, code }) => {
    const [, script] = /\bnpm (?:run (?:-s )?)([\w-]+)/.exec(code) ?? [];
    const [, bench] = /\bnpm run (?:-s )?bench -- ([a-z][\w-]*)/.exec(code) ?? [];
    return [
      ...(script && !(script in scripts) ? [`${where}: package.json has no script ${script}`] : []),
      ...(bench && bench !== 'name' && !new RegExp(`^ {2}'?${bench}'?[:,]`, 'm').test(benches)
        ? [`${where}: no bench ${bench}`]
        : []),
    ];
  });
  assert.deepEqual(wrong, []);
});

test('every file of the repository that a page names in code is there', () => {
  const folders = 'docs|examples|helm|manifests|scripts|src|test|crds';
  // What `prepare.py` and training write is not in the repository, and what has an ellipsis or a bracket is a pattern.
  const elsewhere = /\/data\/|training\.npz|[…<>{$]/;
  // The changelog tells of what was.
  const current = lines.filter(({ where }) => !where.startsWith('CHANGELOG'));
  const wrong = current.flatMap(({ where, code }) => {
    const named = [...code.matchAll(new RegExp(`(?<![\\w./-])(?:${folders})/[\\w./*…<>{}$-]*`, 'g'))].map(
      ([path]) => path,
    );
    const missing = named
      .map((path) => path.replace(/[.,;:]$/, ''))
      .filter((path) => !elsewhere.test(path) && globSync(path).length === 0);
    return missing.map((path) => `${where}: there is no ${path}`);
  });
  assert.deepEqual(wrong, []);
});

test('every field of an object that a page names is in the API reference', () => {
  const reference = readFileSync('docs/api-reference.md', 'utf8').replaceAll('[]', '');
  const fields = new Set([...reference.matchAll(/^\| `([\w.]+)` \|/gm)].map(([, field]) => field));
  assert.ok(fields.size > 200);
  const named = lines.flatMap(({ where, code }) => {
    const [field] = /^(?:spec|status)(?:\.\w+(?:\[\])?)+$/.exec(code) ?? [];
    return field && !where.startsWith('docs/api-reference.md') ? [{ where, field: field.replaceAll('[]', '') }] : [];
  });
  assert.ok(named.length > 40);
  assert.deepEqual(
    named.filter(({ field }) => !fields.has(field)),
    [],
  );
});
