import type { HardwareFacts } from '../../api/hardware-profile.ts';
import { shortHash } from '../search/candidate.ts';

/** What decides latency, in short: machines of the same fingerprint may share measurements. */
export const fingerprint = ({ cpuModel, instructionSets, cacheBytes, engine }: HardwareFacts): string =>
  shortHash(JSON.stringify([cpuModel, instructionSets, cacheBytes.l1d, cacheBytes.l2, cacheBytes.l3, engine]));
