#!/usr/bin/env node
/**
 * The `retune` command. Each subcommand is a file that is loaded when it is called, so that none pays for another. Called
 * `kubectl-retune` it is the plugin behind `kubectl retune`, and `kubectl_complete-retune` completes that one's words.
 */
import { basename } from 'node:path';
import { Command } from 'commander';
import { addClusterCommands } from './cluster/commands.ts';

const called = basename(process.argv[1] ?? '');
const program = new Command(called.startsWith('kubectl-retune') ? 'kubectl retune' : 'retune')
  .description('Keeps served ONNX models inside their latency SLA.')
  .showHelpAfterError()
  .commandsGroup('On this machine, and in pods:')
  // 1 is for what failed or was refused.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));

const collect = (value: string, before: string[]) => [...before, value];

program
  .command('operator')
  .description('run the operator against a Kubernetes cluster')
  .option('--kubeconfig <path>', 'instead of the service account of the pod, or KUBECONFIG')
  .option('--port <number>', 'for /metrics, /healthz and /readyz', '9090')
  .option(
    '--page <address>',
    'where the page listens; away from this machine it asks for tokens; or off',
    '127.0.0.1:9091',
  )
  .option('--hold-down <duration>', 'how long an accelerator type must be there before it counts', '2m')
  .option('--namespaces <names>', 'look after these alone, separated by commas (default: all of the cluster)')
  .option('--label-keys <keys>', 'node labels that name accelerator types, most telling first, separated by commas')
  .option('--store <uri>', 'where artifacts are kept (default: RETUNE_STORE, else file:///var/lib/retune)')
  .option('--gc-interval <duration>', 'how often garbage is collected (default: RETUNE_GC_INTERVAL, else never)')
  .option('--gc-grace <duration>', 'how long after it was put an artifact is no garbage', '24h')
  .option('--log-format <format>', 'json or text', 'json')
  .option('--log-level <level>', 'error, warn, info or debug', 'info')
  .action(async (options) => (await import('./operator.ts')).operator(options));

program
  .command('worker')
  .description('do the one task in RETUNE_TASK: what worker pods run')
  .action(async () => (await import('./worker.ts')).worker());

program
  .command('serve')
  .description('serve a model by the Open Inference Protocol v2, with hot swap and latency metrics')
  .option(
    '--model <uri>',
    'the model to serve: file://, s3://, oci://, or https:// with a digest (default: RETUNE_MODEL)',
  )
  .option('--name <name>', 'its name in the protocol', 'model')
  .option('--port <number>', 'to listen on', '8080')
  .option('--drain <duration>', 'how long to serve on after a SIGTERM', '5s')
  .action(async (options) => (await import('./serve.ts')).serve(options));

program
  .command('search')
  .description('run a NASSearch on this machine, without Kubernetes')
  .requiredOption('-f, --file <path>', 'the manifest')
  .option('--report <path>', 'where to write the report', 'retune-report.html')
  .action(async (options) => (await import('./search.ts')).search(options));

program
  .command('inspect')
  .description('say what an ONNX model is and costs by its graph: shapes, MACs, bytes, weights, peak activations')
  .argument('<model>', 'the ONNX file')
  .option('--dim <name=size>', 'a size that the inputs leave open (default: 1); may be repeated', collect, [])
  .option('-o, --output <format>', 'json')
  .action(async (file, options) => (await import('./inspect.ts')).inspect(file, options));

program
  .command('gate')
  .description(
    'hold a model against the limits of a search and an SLA and the present front; 0 ship it, 1 do not, 2 cannot tell',
  )
  .requiredOption('--model <path>', 'the ONNX file that is to be shipped')
  .requiredOption('-f, --file <path>', 'the manifest of the NASSearch, and of the LatencySLA where there is one')
  .option('--front <path>', 'the present NASSearch with its status, as kubectl get -o yaml writes it')
  .option('--accelerator <name>', 'whose front to compare with (default: that of this machine)')
  .option('-o, --output <format>', 'table or json', 'table')
  .action(async (options) => (await import('./gate.ts')).gate(options));

program
  .command('gc')
  .description('remove from a store the artifacts that nothing in a cluster names any more')
  .option('--store <uri>', 'the store (default: RETUNE_STORE)')
  .option('--kubeconfig <path>', 'instead of the service account of the pod, or KUBECONFIG')
  .option('--grace <duration>', 'how long after it was put an artifact is no garbage; never less than 1h', '24h')
  .option('--dry-run', 'say what would be removed, and remove nothing')
  .option('-o, --output <format>', 'json')
  .action(async (options) => (await import('./gc.ts')).gc(options));

program
  .command('demo')
  .description('the whole loop on this machine: serve, breach, search, roll out, recover')
  .option('--report <path>', 'where to write the report', 'retune-report.html')
  .option('--json', 'print the outcome as one JSON line at the end')
  .action(async (options) => (await import('./demo/demo.ts')).demo(options));

addClusterCommands(program);

try {
  if (called.startsWith('kubectl_complete-retune')) {
    await (await import('./cluster/complete.ts')).complete(program, process.argv.slice(2), true);
  } else await program.parseAsync();
} catch (error) {
  // A sentence for the user; the stack for whoever asks for it.
  console.error(`retune: ${error instanceof Error ? error.message : String(error)}`);
  if (process.env.RETUNE_DEBUG) console.error(error);
  // The gate keeps 1 for models that are refused.
  process.exitCode ??= 1;
}
