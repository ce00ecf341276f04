import { disagreement, questionOf } from '../../core/quality/challenge.ts';
import type { Ask } from '../source.ts';

const limitMs = 10_000;

/** Asks over HTTP, by the Open Inference Protocol v2 in JSON. */
export const askOverHttp: Ask = async (address, { port, path }, challenge) => {
  const url = `http://${address.includes(':') ? `[${address}]` : address}:${port}${path}`;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify(questionOf(challenge)),
      signal: AbortSignal.timeout(limitMs),
    });
    const text = await response.text();
    if (!response.ok)
      return { kind: 'NoAnswer', text: `answered POST ${path} with ${response.status} ${text.slice(0, 160)}` };
    const different = disagreement(challenge, json(text));
    return different ? { kind: 'Different', text: different } : { kind: 'AsJudged' };
  } catch (error) {
    const { message, cause } = error as Error & { cause?: Error };
    return { kind: 'NoAnswer', text: `did not answer POST ${path} on port ${port}: ${cause?.message ?? message}` };
  }
};

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
