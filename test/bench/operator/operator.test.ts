import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusProblems } from '../../../src/api/validate.ts';
import { decide } from '../../../src/controllers/search/decide.ts';
import { snapshotOf } from '../../../src/controllers/search/fixtures.ts';
import { copyOf, finishedFamily, profiles, runningFamily } from './objects.ts';
import { Samples } from './process.ts';

test('the searches of the bench are valid, and as their controller would leave them', () => {
  const family = copyOf(finishedFamily(5), 'search-00001', 'team-1');
  const { search, variants, trials } = family;
  assert.deepEqual([variants.length, trials.length, search.status?.accelerators?.length], [5, 5, 2]);
  assert.ok(search.status?.accelerators?.every(({ front }) => front.length > 0));
  for (const one of [search, ...variants, ...trials]) {
    assert.ok(one.metadata.name.startsWith('search-00001'));
    assert.deepEqual(statusProblems(one), []);
  }
  const again = decide({ ...snapshotOf(search, profiles()), variants, trials }, Date.now());
  assert.deepEqual([again.variants, again.trials, again.requeueAfterMs], [[], [], undefined]);
  assert.deepEqual(JSON.parse(JSON.stringify(again.status)), search.status);
});

test('a search that still runs waits for trials, and goes on', () => {
  const { search, trials } = runningFamily(4);
  assert.equal(search.status?.finished, undefined);
  assert.ok(trials.some(({ status }) => status === undefined) && trials.some(({ status }) => status?.latency));
});

test('samples are added up by labels, and the objects that they name are counted', () => {
  const samples = new Samples(
    [
      '# HELP a what it is',
      'a{controller="x",outcome="success"} 3',
      'a{controller="x",outcome="error"} 1',
      'a{controller="y",outcome="success"} 5',
      'ab 7',
      'f{namespace="n",search="s",accelerator="c"} 1',
      'f{namespace="m",search="s",accelerator="c"} 1',
      'g{namespace="n",search="s"} 2e3',
    ].join('\n'),
  );
  assert.deepEqual([samples.series, samples.sum('a', 'controller="x"'), samples.sum('ab')], [7, 4, 7]);
  assert.deepEqual([samples.sum('g'), samples.count('f'), samples.objects('search')], [2000, 2, 2]);
});
