import { type Command, Option } from 'commander';
import { type Format, formats, type Shown } from '../show/shown.ts';
import type { Connection, ConnectionOptions } from './connection.ts';

type Options = ConnectionOptions & { output?: Format };

/** A command against the cluster of a kubeconfig, with the flags that kubectl has. */
const onCluster = (program: Command, name: string, description: string): Command =>
  program
    .command(name)
    .description(description)
    .option('--kubeconfig <path>', 'instead of KUBECONFIG or ~/.kube/config')
    .option('--context <name>', 'of the kubeconfig; its current one when left out')
    .option('-n, --namespace <name>', 'that of the context when left out');

const format = () => new Option('-o, --output <format>', 'how to print it').choices(formats).default('table');

/** Connects when the command runs: none pays for another. */
const ask = async (options: Options, question: (connection: Connection) => Promise<Shown>) =>
  (await import('./answer.ts')).answer(options, question);

function addQuestions(program: Command): void {
  onCluster(program, 'status', 'SLAs with their rollouts, searches, accelerators and worker pods, as a tree')
    .argument('[name]', 'one SLA or search: NAME, sla/NAME or nas/NAME')
    .option('-A, --all-namespaces', 'in every namespace')
    .addOption(format())
    .action((name, options) =>
      ask(options, async (to) => (await import('./status.ts')).status(to, name, options.allNamespaces)),
    );
  onCluster(program, 'front', 'the Pareto front of a search on each accelerator; 2 while there is none')
    .argument('<search>', 'the NASSearch')
    .option('--accelerator <name>', 'on this one alone')
    .addOption(format())
    .action((name, options) =>
      ask(options, async (to) => (await import('./front.ts')).front(to, name, options.accelerator)),
    );
  onCluster(program, 'diff', 'what tells two variants apart: choices, quality, latency, size and work')
    .argument('<variant>', 'one')
    .argument('<other>', 'and the other')
    .addOption(format())
    .action((a, b, options) => ask(options, async (to) => (await import('./diff.ts')).diff(to, a, b)));
  onCluster(program, 'explain', 'why a variant is (not) on the front or recommended, or why this verdict or outcome')
    .argument('<name>', 'a Variant, LatencySLA or NASSearch: NAME, or var/NAME, sla/NAME, nas/NAME')
    .addOption(format())
    .action((name, options) => ask(options, async (to) => (await import('../explain/explain.ts')).explain(to, name)));
  onCluster(program, 'report', 'write what is known of a search or an SLA as one HTML file')
    .argument('<name>', 'a NASSearch or LatencySLA: NAME, nas/NAME or sla/NAME')
    .option('-o, --output <file>', 'where to write it', 'retune-report.html')
    .action((name, { output: file, ...options }) =>
      ask(options, async (to) => (await import('./report.ts')).report(to, name, file)),
    );
  onCluster(program, 'doctor', 'what is missing in this cluster, and what to do about it; 1 where something fails')
    .addOption(format())
    .action((options) => ask(options, async (to) => (await import('../doctor/doctor.ts')).doctor(to)));
}

function addChanges(program: Command): void {
  onCluster(program, 'retry', 'have what failed made or measured again')
    .argument('<name>', 'a Trial, a Variant, or a NASSearch with all that failed of it')
    .addOption(format())
    .action((name, options) => ask(options, async (to) => (await import('./retry.ts')).retry(to, name)));
  for (const [name, wanted] of [
    ['pause', true],
    ['resume', false],
  ] as const) {
    onCluster(program, name, wanted ? 'start nothing new: sets spec.suspend' : 'go on after a pause')
      .argument('<name>', 'a NASSearch or LatencySLA: NAME, nas/NAME or sla/NAME')
      .addOption(format())
      .action((it, options) => ask(options, async (to) => (await import('./suspend.ts')).suspend(to, it, wanted)));
  }
  onCluster(program, 'promote', 'have a variant rolled out, or the canary that runs promoted')
    .argument('<sla>', 'the LatencySLA')
    .argument('[variant]', 'the canary, or what is recommended, when left out')
    .addOption(format())
    .action((name, variant, options) =>
      ask(options, async (to) => (await import('./orders.ts')).promote(to, name, variant)),
    );
  onCluster(program, 'rollback', 'end the rollout under way, or undo the last one')
    .argument('<sla>', 'the LatencySLA')
    .addOption(format())
    .action((name, options) => ask(options, async (to) => (await import('./orders.ts')).rollback(to, name)));
}

/** Every command that works against a cluster, and the completions of all. */
export function addClusterCommands(program: Command): void {
  program.commandsGroup('On a cluster:');
  addQuestions(program);
  addChanges(program);
  program
    .command('completions')
    .description('print what makes a shell complete the words of retune, names in the cluster included')
    .argument('<shell>', 'bash, zsh or fish')
    .action(async (shell) => (await import('./shells.ts')).completions(shell));
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words) => (await import('./complete.ts')).complete(program, words));
}
