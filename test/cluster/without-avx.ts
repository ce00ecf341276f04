import { readFile } from 'node:fs/promises';
import { run } from './process.ts';

const xgetbv = Buffer.from([0x0f, 0x01, 0xd0]);
/** xor eax, eax; nop: the operating system saves no extended registers. */
const none = Buffer.from([0x31, 0xc0, 0x90]);

/**
 * A shared library that takes the processor for one without AVX: each XGETBV, by which code asks whether it may use the
 * wide registers (Intel SDM volume 1, 14.3), answers "none". ONNX Runtime then takes its SSE kernels, so that two nodes
 * on one machine are two accelerator types, with other winners.
 */
export async function withoutAvx(path: string): Promise<Buffer> {
  const library = await readFile(path);
  const listing = await run('sh', ['-c', `objdump -d --no-show-raw-insn "$0" | grep -w xgetbv`, path]);
  const addresses = [...listing.matchAll(/^\s*([0-9a-f]+):/gm)].map((match) => Number.parseInt(match[1] ?? '', 16));
  for (const address of addresses) {
    // In this library the text section lies at its own address.
    if (!library.subarray(address, address + 3).equals(xgetbv)) throw new Error(`no XGETBV at ${address} of ${path}`);
    none.copy(library, address);
  }
  if (addresses.length === 0) throw new Error(`${path} never asks for AVX`);
  return library;
}
