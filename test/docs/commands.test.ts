/** Commands that the pages show, given to bash as they stand: on this machine alone, and against an API server in memory. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { serveCluster } from '../../src/cli/cluster/api-server.ts';
import { allBlocks, type Block, codeSpans } from './blocks.ts';
import { isOf, masked, type Proof, type Run, type Stage, scriptOf } from './proof.ts';
import { proofs } from './proofs.ts';
import { documentedCluster } from './served.ts';
import { Checkout } from './shell.ts';

const blocks = allBlocks();
const blockOf = (proof: Proof): Block => {
  const block = blocks.find((one) => isOf(proof, one));
  assert.ok(block, `${proof.page} has no block that starts with ${proof.starts}`);
  return block;
};
const inStage = (stage: Stage) => proofs.filter((one): one is Proof & Run => 'bash' in one && one.bash === stage);
const title = ({ page, starts }: Proof) => `${page}: ${starts.split('\n')[0]}`;

let checkout: Checkout;
before(async () => {
  checkout = await Checkout.make();
});
after(() => checkout?.remove());

async function mustRun(proof: Proof & Run, env: Record<string, string> = {}): Promise<void> {
  const { code, stdout, stderr } = await checkout.bash(scriptOf(blockOf(proof).text, proof), env);
  assert.equal(code, 0, `${stdout}${stderr}`);
  if (proof.prints) assert.match(stdout, proof.prints);
}

for (const proof of inStage('laptop')) test(title(proof), () => mustRun(proof));

for (const proof of proofs.filter((one) => 'printed' in one)) {
  test(title(proof), async () => {
    const named = codeSpans(readFileSync(proof.page, 'utf8')).some(({ code }) => code === proof.printed);
    assert.ok(named, `${proof.page} names ${proof.printed}`);
    const { code, stdout } = await checkout.bash(`${proof.printed} 2>&1`);
    assert.equal(code, 0, stdout);
    const shown = masked(blockOf(proof).text);
    assert.equal(masked(stdout).slice(-shown.length), shown, `it prints now:\n${stdout.slice(-2000)}`);
  });
}

describe('on the cluster of docs/cli.md', () => {
  let served: Awaited<ReturnType<typeof serveCluster>>;
  before(async () => {
    served = await serveCluster(await documentedCluster());
  });
  after(() => served?.close());
  const env = () => ({ KUBECONFIG: served.kubeconfig });

  for (const proof of proofs.filter((one) => 'session' in one)) {
    test(title(proof), async () => {
      const [command = '', ...shown] = blockOf(proof).text.split('\n');
      const { code, stdout, stderr } = await checkout.bash(command.replace(/^\$ /, ''), env());
      assert.equal(code, 0, stderr);
      assert.equal(masked(stdout), masked(shown.join('\n')), `it prints now:\n${stdout}`);
    });
  }
  for (const proof of inStage('served')) test(title(proof), () => mustRun(proof, env()));
});
