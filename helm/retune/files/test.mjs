// What `helm test` runs in the operator's image: the five kinds are served, and the operator is ready.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port, READY_URL } = process.env;
const kinds = ['hardwareprofiles', 'latencyslas', 'nassearches', 'trials', 'variants'];

async function kindsAreServed() {
  const token = readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/token', 'utf8');
  const address = host.includes(':') ? `[${host}]` : host;
  const response = await fetch(`https://${address}:${port}/apis/retune.dev/v1alpha1`, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (!response.ok) throw new Error(`the API server answers ${response.status} to retune.dev/v1alpha1: install the CRDs`);
  const served = (await response.json()).resources.map(({ name }) => name);
  const missing = kinds.filter((kind) => !served.includes(kind));
  if (missing.length > 0) throw new Error(`the API server does not serve ${missing.join(', ')}: upgrade the CRDs`);
  return `${kinds.join(', ')} are served`;
}

async function operatorIsReady() {
  const response = await fetch(READY_URL);
  if (!response.ok) throw new Error(`${READY_URL} answers ${response.status}: see the logs of the operator`);
  return 'the operator is ready';
}

/** A check until it holds, for half a minute: a Service leads to a pod a moment after it is ready. */
async function eventually(check) {
  for (const deadline = Date.now() + 30_000; ; await sleep(1000)) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() < deadline) continue;
      throw new Error(error.cause ? `${error.message}: ${error.cause.message}` : error.message);
    }
  }
}

try {
  for (const check of [kindsAreServed, operatorIsReady]) console.log(await eventually(check));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
