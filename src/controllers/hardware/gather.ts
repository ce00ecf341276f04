import type { HardwareProfile } from '../../api/hardware-profile.ts';
import { hardwareProfiles } from '../../api/resources.ts';
import { acceleratorType } from '../../core/hardware/labels.ts';
import type { Cluster } from '../../runtime/cluster/cluster.ts';
import { type Node, nodes, type Pod, pods } from '../../runtime/cluster/core-types.ts';
import type { Met } from './met.ts';
import { probePod } from './probe.ts';

export interface HardwareSnapshot {
  profile: HardwareProfile | undefined;
  /** The labels that stand for this type, from its nodes; undefined when it has none and never had. */
  match: Record<string, string> | undefined;
  nodes: Node[];
  /** The machine that its latest trial ran on. */
  met: Met | undefined;
  /** The pod of the present attempt to probe it. */
  pod: Pod | undefined;
}

/** Every read about one accelerator type, by the name of its profile; probes run in `namespace`. `met` is what watches told. */
export async function gather(
  cluster: Cluster,
  name: string,
  labelKeys: readonly string[],
  namespace: string,
  met: Met | undefined,
): Promise<HardwareSnapshot> {
  const [profile, allNodes] = await Promise.all([cluster.get(hardwareProfiles, { name }), cluster.list(nodes)]);
  const mine = allNodes.filter(({ metadata }) => acceleratorType(metadata.labels ?? {}, labelKeys)?.name === name);
  return {
    profile,
    match: acceleratorType(mine[0]?.metadata.labels ?? {}, labelKeys)?.match,
    nodes: mine,
    met,
    pod: profile && (await cluster.get(pods, { namespace, name: probePod(profile) })),
  };
}
