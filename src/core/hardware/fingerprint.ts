import type { HardwareFacts } from '../../api/hardware-profile.ts';
import { shortHash } from '../search/candidate.ts';

/** What decides latency, in short: machines of the same fingerprint may share measurements. */
export const fingerprint = ({ cpuModel, instructionSets, cacheBytes, engine, gpu }: HardwareFacts): string => {
  const processor = [cpuModel, instructionSets, cacheBytes.l1d, cacheBytes.l2, cacheBytes.l3, engine];
  if (!gpu) return shortHash(JSON.stringify(processor));
  const { name, driver, computeCapability, memoryBytes, partitioned, maxClockMHz, powerLimitWatts } = gpu;
  const card = [name, driver, computeCapability, memoryBytes, partitioned];
  const limits = [maxClockMHz.sm, maxClockMHz.memory, powerLimitWatts];
  return shortHash(JSON.stringify([...processor, ...card, ...limits]));
};
