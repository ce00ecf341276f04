import { readFile } from 'node:fs/promises';
import type { LoadOptions } from '../../serve/load.ts';
import { readNpz } from '../../worker/npz.ts';

/** One request to the quick start's model: `rows` images as binary tensor data. */
export async function requestOf(heldout: string, rows: number): Promise<Pick<LoadOptions, 'body' | 'headers'>> {
  const { image } = readNpz(await readFile(heldout));
  if (!image) throw new Error(`${heldout} holds no array "image"`);
  const row = image.data.length / (image.shape[0] ?? 1);
  const bytes = (image.data as Uint8Array).subarray(0, rows * row);
  const shape = [rows, ...image.shape.slice(1)];
  const tensor = { name: 'image', datatype: 'UINT8', shape, parameters: { binary_data_size: bytes.length } };
  const head = new TextEncoder().encode(JSON.stringify({ inputs: [tensor], parameters: { binary_data_output: true } }));
  const body = new Uint8Array(head.length + bytes.length);
  body.set(head);
  body.set(bytes, head.length);
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Inference-Header-Content-Length': String(head.length),
  };
  return { body, headers };
}

/** Milliseconds that a server takes for one request when it has no other: the median of some, one after another. */
export async function unloadedMs(
  url: string,
  { body, headers }: Pick<LoadOptions, 'body' | 'headers'>,
): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 60; i++) {
    const started = performance.now();
    const response = await fetch(url, {
      method: 'POST',
      body: new Uint8Array(body),
      headers,
    });
    if (!response.ok) throw new Error(`the server answered ${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
    times.push(performance.now() - started);
  }
  return times.slice(20).sort((a, b) => a - b)[20] ?? 0;
}
