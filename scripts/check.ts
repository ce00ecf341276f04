/** `npm run check`: types, lint, format, the dependency rule and generated files. Prints one line a check. */
import { spawnSync } from 'node:child_process';
import { dependencyViolations } from './dependency-rule.ts';
import { staleFiles } from './generate.ts';

function run(name: string, command: string, args: string[]): boolean {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}`);
  return status === 0;
}

function report(name: string, problems: string[], remedy: string): boolean {
  for (const problem of problems) console.log(`  ${problem}`);
  console.log(problems.length === 0 ? `ok     ${name}` : `FAILED ${name}: ${remedy}`);
  return problems.length === 0;
}

const passed = [
  run('types', 'tsc', ['-p', '.']),
  run('types of the page', 'tsc', ['-p', 'src/observe/page/client']),
  run('lint and format', 'biome', ['check', '--error-on-warnings']),
  report('dependency rule', await dependencyViolations(), 'arrows only point down, see docs/architecture.md'),
  report('generated files', await staleFiles(), 'run `npm run generate`'),
];
process.exitCode = passed.every(Boolean) ? 0 : 1;
