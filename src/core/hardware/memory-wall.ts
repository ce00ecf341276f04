import type { Abilities } from '../../api/hardware-profile.ts';
import type { MemoryWall, Work } from '../../api/work.ts';

/** How near runs of `p50Ms` come to the memory wall of an accelerator whose memory was measured, or was not. */
export function memoryWall({ macs, bytesMoved }: Work, p50Ms: number, abilities: Abilities | undefined): MemoryWall {
  const movedGBps = bytesMoved / p50Ms / 1e6;
  const { memory } = abilities?.bandwidthGBps ?? {};
  return {
    opsPerByte: bytesMoved > 0 ? (2 * macs) / bytesMoved : 0,
    movedGBps,
    ...(memory !== undefined && { utilisation: movedGBps / memory }),
  };
}
