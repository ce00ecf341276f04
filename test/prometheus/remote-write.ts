/**
 * Writes samples into a Prometheus server as they would have been scraped at the times they name: the remote write
 * protocol 1.0 (Protocol Buffers in a Snappy block), with as much of both as that takes.
 */

export interface Sample {
  atMs: number;
  value: number;
}

/** Counts of positive buckets (2^(2^-schema) apart, from `offset` on) of a native histogram, at one time. */
export interface NativeSample {
  atMs: number;
  sum: number;
  schema: number;
  offset: number;
  counts: number[];
}

export interface Series {
  labels: Record<string, string>;
  samples?: Sample[];
  histograms?: NativeSample[];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}
const zigzag = (value: number) => varint(value < 0 ? -2 * value - 1 : 2 * value);
const double = (value: number) => [...new Uint8Array(new Float64Array([value]).buffer)];
const tag = (field: number, wire: number) => varint(8 * field + wire);
const number = (field: number, value: number) => [...tag(field, 0), ...varint(value)];
const real = (field: number, value: number) => [...tag(field, 1), ...double(value)];
const message = (field: number, bytes: number[]) => [...tag(field, 2), ...varint(bytes.length), ...bytes];
const text = (field: number, value: string) => message(field, [...new TextEncoder().encode(value)]);

function native({ atMs, sum, schema, offset, counts }: NativeSample): number[] {
  const deltas = counts.map((count, i) => count - (counts[i - 1] ?? 0));
  const span = [...tag(1, 0), ...zigzag(offset), ...number(2, counts.length)];
  return [
    ...number(
      1,
      counts.reduce((all, count) => all + count, 0),
    ),
    ...real(3, sum),
    ...[...tag(4, 0), ...zigzag(schema)],
    ...real(5, 1e-128),
    ...number(6, 0),
    ...message(11, span),
    ...message(12, deltas.flatMap(zigzag)),
    ...number(15, atMs),
  ];
}

function series({ labels, samples = [], histograms = [] }: Series): number[] {
  // Prometheus takes labels in the order of their names only.
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...sorted.flatMap(([name, value]) => message(1, [...text(1, name), ...text(2, value)])),
    ...samples.flatMap(({ atMs, value }) => message(2, [...real(1, value), ...number(2, atMs)])),
    ...histograms.flatMap((one) => message(4, native(one))),
  ];
}

/** A Snappy block of one literal: valid, and not compressed. */
function snappy(bytes: number[]): Uint8Array<ArrayBuffer> {
  const length = bytes.length - 1;
  const literal = [63 << 2, length & 255, (length >> 8) & 255, (length >> 16) & 255, (length >> 24) & 255];
  return new Uint8Array([...varint(bytes.length), ...literal, ...bytes]);
}

/** Throws with what the server says when it does not take them. */
export async function remoteWrite(url: string, all: Series[]): Promise<void> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: { 'Content-Encoding': 'snappy', 'X-Prometheus-Remote-Write-Version': '0.1.0' },
    body: snappy(all.flatMap((one) => message(1, series(one)))),
  });
  if (!response.ok) throw new Error(`remote write: HTTP ${response.status} ${await response.text()}`);
}
