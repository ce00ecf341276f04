import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { aCluster } from '../doctor/fixtures.ts';
import { argumentKinds } from './argument-kinds.ts';
import { addClusterCommands } from './commands.ts';
import { candidates } from './complete.ts';
import { UsageError } from './failures.ts';
import { withSearch } from './fixtures.ts';
import { completions, shells } from './shells.ts';

const program = new Command('retune');
addClusterCommands(program);

async function completer() {
  const { connection, variants } = await withSearch();
  const asked: Record<string, string>[] = [];
  const complete = (line: string) =>
    candidates(program, line.split(' '), (options) => {
      asked.push(options);
      return { ...connection, namespace: options.namespace ?? 'default' };
    });
  return { complete, asked, names: variants.map(({ metadata }) => metadata.name).sort() };
}

test('commands, flags and values are completed without asking a cluster', async () => {
  const { complete, asked } = await completer();
  assert.deepEqual(await complete('pro'), ['promote']);
  assert.ok(!(await complete('')).includes('__complete'));
  assert.deepEqual(await complete('status --all'), ['--all-namespaces']);
  assert.deepEqual(await complete('status -o '), ['json', 'table', 'yaml']);
  assert.deepEqual(await complete('completions '), shells.toSorted());
  assert.deepEqual(asked, []);
});

test('names are those of the kinds that the place takes, in the namespace and context of the line', async () => {
  const { complete, asked, names } = await completer();
  assert.deepEqual(await complete('diff '), names);
  assert.deepEqual(await complete(`diff ${names[0]} quick-b`), ['quick-base']);
  assert.deepEqual(await complete(`diff ${names[0]} ${names[1]} `), []);
  assert.deepEqual(await complete('explain nas/'), ['nas/quick']);
  assert.deepEqual(await complete('status -n team --context two '), []);
  assert.deepEqual(asked.at(-1), { namespace: 'team', context: 'two' });
  assert.deepEqual(await complete('front quick --accelerator '), ['fast']);
});

test('namespaces are completed where they may be seen', async () => {
  const cluster = await aCluster();
  const open = () => ({ cluster, namespace: 'default' });
  assert.deepEqual(await candidates(program, ['status', '-n', ''], open), ['default']);
});

test('every command that takes a name of the cluster completes it', () => {
  const taking = program.commands.filter((one) => one.options.some(({ long }) => long === '--context'));
  for (const command of taking) {
    assert.equal(argumentKinds[command.name()]?.length ?? 0, command.registeredArguments.length, command.name());
  }
});

test('a shell that is not known is wrong usage', () => {
  assert.throws(() => completions('csh'), UsageError);
  process.exitCode = undefined;
});
