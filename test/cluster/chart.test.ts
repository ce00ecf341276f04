import { after, before, describe } from 'node:test';
import { installed } from '../chart/installed.ts';
import { rendered } from '../chart/rendered.ts';
import { say, startCluster, type TestCluster, whyNot } from './cluster.ts';
import { builtHelm, helm } from './helm.ts';
import { packages } from './packages.ts';

const reason = process.env.RETUNE_TEST_REQUIRE_CLUSTER ? undefined : whyNot();

describe('the Helm chart', { skip: builtHelm() ? undefined : reason }, () => {
  let program: string;
  before(async () => {
    await packages(say);
    program = await helm(say);
  });
  rendered(() => program);
});

describe('the Helm chart on a real API server', { skip: reason }, () => {
  let real: TestCluster;
  let program: string;
  before(async () => {
    program = await helm(say);
    real = await startCluster();
  });
  after(async () => {
    await real?.stop();
  });
  installed(() => ({ real, helm: program }));
});
