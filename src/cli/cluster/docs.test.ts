import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Command, CommanderError } from 'commander';
import { loadAll } from 'js-yaml';
import { questions, userNeeds } from '../doctor/needs.ts';
import { addClusterCommands } from './commands.ts';

const page = readFileSync('docs/cli.md', 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, text = '']) => text);

/** The commands as they are, without what they do. */
function program(): Command {
  const found = new Command('retune').exitOverride().configureOutput({ writeErr: () => undefined });
  addClusterCommands(found);
  for (const command of found.commands) command.action(() => undefined);
  return found;
}

test('every command has an example, and every example is one that is taken', async () => {
  const lines = ['sh', '']
    .flatMap(blocks)
    .flatMap((text) => text.split('\n'))
    .flatMap((line) => /^(?:\$ )?(?:kubectl )?retune ([^#|]+)/.exec(line)?.[1] ?? [])
    .map((words) => words.trim().split(/\s+/));
  assert.ok(lines.length >= 10);
  for (const words of lines) {
    await program()
      .parseAsync(words, { from: 'user' })
      .catch((error: unknown) => {
        throw error instanceof CommanderError ? new Error(`retune ${words.join(' ')}: ${error.message}`) : error;
      });
  }
  for (const command of program().commands.filter((one) => !one.name().startsWith('__'))) {
    assert.ok(page.includes(`retune ${command.name()}`), command.name());
  }
});

test('the roles of the page are none of the chart, which would take turns with it', () => {
  const names = blocks('yaml').flatMap((text) =>
    (loadAll(text) as { metadata: { name: string } }[]).map((role) => role.metadata.name),
  );
  assert.equal(names.length, 3);
  const installed = readFileSync('manifests/install.yaml', 'utf8');
  for (const name of names) assert.ok(!new RegExp(`^  name: "?${name}"?$`, 'm').test(installed), name);
});

test('the roles of the page are enough for what their names say', () => {
  interface Role {
    rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
  }
  const rules = blocks('yaml').flatMap((text) => (loadAll(text) as Role[]).flatMap((role) => role.rules));
  for (const { needs } of userNeeds) {
    for (const { verb, group, resource, subresource } of needs.flatMap((need) => questions(need, 'default'))) {
      const name = subresource ? `${resource}/${subresource}` : resource;
      const granted = rules.some(
        (rule) => rule.apiGroups.includes(group) && rule.resources.includes(name) && rule.verbs.includes(verb),
      );
      assert.ok(granted, `${verb} ${name}`);
    }
  }
});
