import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RolloutStatus, RolloutStep } from '../../src/api/latency-sla.ts';
import type { ApiObject, Cluster, ResourceType } from '../../src/runtime/cluster/cluster.ts';
import type { RolloutTarget, Workload } from '../../src/targets/target.ts';
import { drive } from './machine.ts';
import { patched } from './patched.ts';

export const oldUri = 'oci://store.example/models@sha256:0';
export const newUri = 'oci://store.example/models@sha256:1';

/** What the controllers behind a target may have come to; `Restored`: the old model is whole after a canary was refused. */
export type Report = 'Serving' | 'CanaryReady' | 'CanaryFailed' | 'Restored' | 'Promoted';

/** One workload as its user applied it, serving `oldUri`, and what its controllers would write about it. */
export interface Scene {
  cluster: Cluster;
  workload: Workload;
  type: ResourceType;
  target: RolloutTarget;
  /** Writes statuses and pods as the controllers of this kind do; nothing acts on them. */
  report(what: Report): Promise<void>;
  /** What is left besides the workload that Retune made. */
  beside(): Promise<ApiObject[]>;
}

type WithSpec = ApiObject & { spec: Record<string, unknown> };

/** What every rollout target must do. `open` makes a workload of its own each time. */
export function rolloutTargetContract(
  name: string,
  open: (workload: string) => Promise<Scene>,
  { weighs = false } = {},
): void {
  describe(`rollout target: ${name}`, () => {
    const present = { modelUri: newUri, previousUri: oldUri };
    const spec = async ({ cluster, type, workload }: Scene) => {
      const found = (await cluster.get(type, workload.key)) as WithSpec | undefined;
      assert.ok(found);
      return found.spec;
    };
    const observed = async ({ target }: Scene, during = true) => {
      const found = await target.observe(during ? present : undefined);
      assert.ok(found);
      return found;
    };

    test('what is not there is undefined, and nothing is written for it', async () => {
      const scene = await open('gone');
      await scene.cluster.delete(scene.type, scene.workload.key);
      const { target } = scene;
      assert.equal(await target.observe(), undefined);
      await target.ensureCanary(newUri);
      await target.setModel(newUri);
      await target.removeCanary(present);
      assert.equal(await target.patch(newUri), undefined);
      assert.deepEqual(
        [await scene.cluster.get(scene.type, scene.workload.key), await scene.beside()],
        [undefined, []],
      );
    });

    test('the model that is served is told, and whether it is served by all', async () => {
      const scene = await open('served');
      assert.equal((await observed(scene, false)).tracks.stable.settled, false);
      await scene.report('Serving');
      const { tracks, unfit, weight, replicas } = await observed(scene, false);
      assert.deepEqual(tracks.stable, { modelUri: oldUri, settled: true, failure: undefined });
      assert.deepEqual(
        [tracks.canary, tracks.baseline, unfit, weight || undefined],
        [undefined, undefined, undefined, undefined],
      );
      assert.ok(replicas >= 1);
    });

    test('a canary has the new model beside the old one, which stays whole; made twice, it is one', async () => {
      const scene = await open('canary');
      await scene.report('Serving');
      const before = await spec(scene);
      for (let i = 0; i < 2; i++) await scene.target.ensureCanary(newUri);
      const starting = await observed(scene);
      assert.deepEqual([starting.tracks.stable.modelUri, starting.tracks.canary?.modelUri], [oldUri, newUri]);
      assert.deepEqual(
        [starting.tracks.canary?.settled, starting.weight || undefined],
        [false, undefined],
        'it is given nothing before it is ready',
      );
      await scene.report('CanaryReady');
      const ready = await observed(scene);
      assert.deepEqual([ready.tracks.stable.settled, ready.tracks.canary?.settled], [true, true]);
      if (!ready.inPlace) {
        assert.deepEqual([ready.tracks.baseline?.modelUri, ready.tracks.baseline?.settled], [oldUri, true]);
        assert.deepEqual(await spec(scene), before, 'the workload itself is as it was');
      }
      assert.deepEqual(
        ((await spec(scene)) as { replicas?: number }).replicas,
        (before as { replicas?: number }).replicas,
      );
      assert.equal(ready.unfit, undefined, 'what Retune itself does is nobody else');
    });

    test('weights are given and taken back, where they are ours to move', async () => {
      const scene = await open('weighed');
      await scene.report('Serving');
      assert.equal((await observed(scene, false)).weight, weighs ? 0 : undefined);
      if (!weighs) return;
      await scene.target.ensureCanary(newUri);
      await scene.report('CanaryReady');
      for (const percent of [10, 50, 0]) {
        // More pods may have to be there first.
        for (let i = 0; i < 3; i++) {
          await scene.target.setWeight(percent);
          if ((await observed(scene)).weight !== percent) await scene.report('CanaryReady');
        }
        assert.equal((await observed(scene)).weight, percent);
      }
    });

    test('a canary that can not start says why, and is taken away: the old model is what is left', async () => {
      const scene = await open('failed');
      await scene.report('Serving');
      const before = await spec(scene);
      await scene.target.ensureCanary(newUri);
      await scene.report('CanaryFailed');
      assert.match((await observed(scene)).tracks.canary?.failure ?? '', /CrashLoopBackOff|FailedLoad|aborted/);
      for (let i = 0; i < 5 && ((await observed(scene)).tracks.canary || i === 0); i++) {
        await scene.target.removeCanary(present);
        if (i === 0) assert.notEqual((await observed(scene)).tracks.stable.modelUri, newUri);
        await scene.report('Restored');
      }
      const after = await observed(scene);
      assert.deepEqual(
        [after.tracks.canary, after.tracks.baseline, after.tracks.stable.modelUri],
        [undefined, undefined, oldUri],
      );
      assert.deepEqual([await spec(scene), await scene.beside()], [before, []]);
      await scene.target.removeCanary(present);
      assert.deepEqual(await spec(scene), before, 'and again');
    });

    test('the model of the workload is set, and no other field', async () => {
      const scene = await open('promoted');
      await scene.report('Serving');
      const before = await spec(scene);
      const patch = await scene.target.patch(newUri);
      assert.ok(patch);
      await scene.target.ensureCanary(newUri);
      await scene.report('CanaryReady');
      for (let i = 0; i < 2; i++) await scene.target.setModel(newUri);
      await scene.report('Promoted');
      await scene.target.removeCanary(present);
      const { tracks } = await observed(scene);
      assert.deepEqual([tracks.stable.modelUri, tracks.stable.settled], [newUri, true]);
      const after = await spec(scene);
      assert.deepEqual(
        JSON.parse(JSON.stringify(after).replaceAll(newUri, oldUri).replaceAll(newUri.slice(6), oldUri.slice(6))),
        before,
      );
      assert.notDeepEqual(after, before);
      assert.deepEqual({ spec: after }, patched({ spec: before }, patch), 'the patch for people comes to the same');
      assert.deepEqual(await scene.beside(), []);
    });

    /** What the controllers come to in each step of a rollout; time goes on by three seconds a look. */
    function controllersOf(scene: Scene) {
      const comesTo: Record<RolloutStep, Report> = {
        ...{ Starting: 'CanaryReady', Comparing: 'CanaryReady', Promoting: 'Promoted', Cleaning: 'Promoted' },
        ...{ Proving: 'Promoted', RollingBack: 'Restored' },
      };
      let nowMs = Date.now();
      return async ({ step }: RolloutStatus, first = nowMs) => {
        // Nothing is reported of what is not asked for yet.
        if (step !== 'Starting' || (await scene.target.observe(present))?.tracks.canary)
          await scene.report(comesTo[step]);
        nowMs = first + 3000;
        return nowMs;
      };
    }

    test('the canary machine takes it from one model to the other', async () => {
      const scene = await open('driven');
      await scene.report('Serving');
      const before = await spec(scene);
      const { outcome, seen } = await drive(scene.target, present, {
        ...{ pass: controllersOf(scene), looks: 40, steps: [10, 50] },
        compare: async () => ({ verdict: 'Pass', evidence: 'faster' }),
      });
      assert.equal(outcome, 'Promoted');
      const given = new Set(seen.map(({ weight }) => weight));
      assert.deepEqual([...given].sort(), weighs ? [0, 10, 50] : [undefined]);
      assert.deepEqual((await observed(scene, false)).tracks.stable, {
        modelUri: newUri,
        settled: true,
        failure: undefined,
      });
      assert.deepEqual(await scene.beside(), []);
      assert.notDeepEqual(await spec(scene), before);
    });

    for (const [name, what, reason, verdicts] of [
      ['driven-back', 'a model that fails beside the old one', 'CanaryWorse', ['Fail', 'Pass']],
      ['disproved', 'what all of the load proves wrong', 'WorseUnderLoad', ['Pass', 'Fail']],
    ] as const) {
      test(`the canary machine takes back ${what}, and nothing is left of that`, async () => {
        const scene = await open(name);
        await scene.report('Serving');
        const before = await spec(scene);
        const [compared, alone] = verdicts;
        const { outcome, rollout } = await drive(scene.target, present, {
          ...{ pass: controllersOf(scene), looks: 40, steps: [10, 50] },
          compare: async () => ({ verdict: compared, evidence: 'as told' }),
          proof: { verdict: alone, evidence: 'as told' },
        });
        assert.deepEqual([outcome, rollout.reason], ['RolledBack', reason]);
        assert.deepEqual([await spec(scene), await scene.beside()], [before, []]);
      });
    }

    test('what others change meanwhile is kept', async () => {
      const scene = await open('shared');
      await scene.report('Serving');
      await scene.target.ensureCanary(newUri);
      await scene.report('CanaryReady');
      const { cluster, type, workload } = scene;
      const live = await cluster.get(type, workload.key);
      assert.ok(live);
      await cluster.replace(type, { ...live, metadata: { ...live.metadata, labels: { theirs: 'kept' } } });
      await scene.target.setModel(newUri);
      const after = await cluster.get(type, workload.key);
      assert.equal(after?.metadata.labels?.theirs, 'kept');
    });

    test('a workload that a GitOps tool keeps is unfit, until the tool is told to leave the field', async () => {
      const scene = await open('kept');
      const { cluster, type, workload } = scene;
      const live = await cluster.get(type, workload.key);
      assert.ok(live);
      const annotations = { ...live.metadata.annotations, 'argocd.argoproj.io/tracking-id': 'x' };
      await cluster.replace(type, { ...live, metadata: { ...live.metadata, annotations } });
      await scene.report('Serving');
      const { unfit, tracks } = await observed(scene, false);
      assert.equal(tracks.stable.modelUri, oldUri);
      assert.match(unfit?.message ?? '', /Argo CD sets the .* set spec\.mode to Recommend/);
    });
  });
}
