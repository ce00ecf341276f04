import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { getCACertificates } from 'node:tls';
import { openStore } from '../../src/stores/open.ts';
import { run } from '../cluster/process.ts';
import { whyNot } from './servers.ts';

const absent = `sha256:${'0'.repeat(64)}`;
let folder: string;

/** `openssl ca` is the one command that makes a certificate of the past. */
const authority = `[ca]
default_ca = d
[d]
dir = .
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = p
x509_extensions = e
unique_subject = no
[p]
commonName = supplied
[e]
subjectAltName = IP:127.0.0.1
basicConstraints = CA:true
`;

/** A server with a certificate of its own that is valid from and to these times; the file to trust it by is mounted. */
async function secured(name: string, from: string, to: string) {
  const cwd = join(folder, name);
  await mkdir(join(cwd, 'mounted'), { recursive: true });
  await writeFile(join(cwd, 'ca.cnf'), authority);
  await writeFile(join(cwd, 'index'), '');
  await writeFile(join(cwd, 'serial'), '01\n');
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', 'key', '-subj', `/CN=${name}`];
  await run('openssl', ['req', '-new', ...key, '-out', 'request'], { cwd });
  const times = ['-startdate', from, '-enddate', to];
  const own = ['-selfsign', '-keyfile', 'key', '-in', 'request', '-out', 'certificate', '-notext'];
  await run('openssl', ['ca', '-batch', '-config', 'ca.cnf', ...own, ...times], { cwd });
  await copyFile(join(cwd, 'certificate'), join(cwd, 'mounted/ca.crt'));
  const [keyText, cert] = [await readFile(join(cwd, 'key')), await readFile(join(cwd, 'certificate'))];
  const server = createServer({ key: keyText, cert }, (_, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => server.close());
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { host, environment: { RETUNE_STORE_CREDENTIALS: join(cwd, 'mounted') } };
}

describe('stores behind TLS', { skip: whyNot() }, () => {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'retune-tls-'));
  });
  after(() => rm(folder, { recursive: true }));

  test('an authority that nobody knows is told of, and trusted when it is mounted', async () => {
    const { host, environment } = await secured('own', '20200101000000Z', '20991231000000Z');
    await assert.rejects(openStore(`https://${host}`, {}).has(absent), {
      reason: 'Unreachable',
      message: /SELF_SIGNED_CERT.*mount the authority as ca\.crt/,
    });
    for (const uri of [`https://${host}`, `oci://localhost.test/a`]) openStore(uri, environment);
    assert.equal(await openStore(`https://${host}`, environment).has(absent), false);
    const trusted = getCACertificates('default').length;
    openStore(`https://${host}`, environment);
    assert.equal(getCACertificates('default').length, trusted, 'trusted once');
  });

  test('a certificate that is out of time, or a clock that is, is told of', async () => {
    const { host, environment } = await secured('old', '20200101000000Z', '20200102000000Z');
    await assert.rejects(openStore(`https://${host}`, environment).has(absent), {
      reason: 'ClockSkew',
      retryable: true,
      message: /is not valid by the clock of this machine, \d{4}-.*: set the clock of the node \(NTP\), or renew the/,
    });
  });
});
