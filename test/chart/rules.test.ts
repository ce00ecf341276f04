/** Alert rules against Debian's promtool: whether they are rules, and whether each fires when it should. */
import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { load } from 'js-yaml';
import { run } from '../cluster/process.ts';

const program = '/usr/bin/promtool';
const skip = !existsSync(program) && 'promtool is not installed';

interface RuleFile {
  groups: { rules: { alert: string }[] }[];
}
interface RuleTests {
  tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
}
const parsed = async (path: string) => load(await readFile(path, 'utf8'));

describe('Alert rules', { skip }, () => {
  for (const path of globSync('helm/retune/rules/*.yaml')) {
    const tests = path.replace('helm/retune/rules/', 'test/chart/').replace(/yaml$/, 'promtool.yaml');

    test(`promtool takes ${path}, and each alert fires when it should`, async () => {
      assert.match(await run(program, ['check', 'rules', path]), /SUCCESS: \d+ rules found/);
      await run(program, ['test', 'rules', tests]);
    });

    test(`each alert of ${path} is seen to fire and to be silent`, async () => {
      const { groups } = (await parsed(path)) as RuleFile;
      const asked = ((await parsed(tests)) as RuleTests).tests.flatMap((one) => one.alert_rule_test);
      for (const { alert } of groups.flatMap(({ rules }) => rules)) {
        const found = asked.filter(({ alertname }) => alertname === alert).map((one) => one.exp_alerts.length > 0);
        assert.deepEqual([found.includes(true), found.includes(false)], [true, true], alert);
      }
    });
  }
});
