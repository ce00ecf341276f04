import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const programs = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The Chromium of this machine. */
export const chromiumProgram = (): string | undefined =>
  process.env.RETUNE_TEST_CHROMIUM ?? programs.find((program) => existsSync(program));

type Parameters = Record<string, unknown>;
interface Message {
  id?: number;
  method?: string;
  sessionId?: string;
  params?: Parameters;
  result?: Parameters;
  error?: { message: string };
}

/** The DevTools protocol over one WebSocket. */
class Connection {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Message) => void>();
  readonly #heard: ((message: Message) => void)[] = [];
  #next = 1;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data)) as Message;
      if (message.id !== undefined) this.#waiting.get(message.id)?.(message);
      else for (const listener of this.#heard) listener(message);
    });
  }

  listen(listener: (message: Message) => void): void {
    this.#heard.push(listener);
  }

  send<T>(method: string, params: Parameters = {}, sessionId?: string): Promise<T> {
    const id = this.#next++;
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${method} was not answered within 60 s`)), 60_000);
      this.#waiting.set(id, ({ result, error }) => {
        clearTimeout(late);
        this.#waiting.delete(id);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result as T);
      });
    });
  }
}

/** A tab. */
export interface Tab {
  /** What went wrong in it: messages of errors and warnings, and what could not be loaded. */
  readonly problems: string[];
  resize(width: number, height: number, scheme: 'light' | 'dark'): Promise<void>;
  open(url: string): Promise<void>;
  /** What a JavaScript expression comes to. */
  read<T>(expression: string): Promise<T>;
  /** Waits until an expression holds. */
  until(expression: string): Promise<void>;
  hover(x: number, y: number): Promise<void>;
  press(key: string): Promise<void>;
  type(text: string): Promise<void>;
  /** PNG, of the whole page. */
  screenshot(): Promise<Buffer>;
}

function endpoint(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (data) => {
      said += data;
      const found = /ws:\/\/\S+/.exec(said)?.[0];
      if (found) resolve(found);
    });
    child.once('exit', () => reject(new Error(`Chromium ended: ${said.slice(-1000)}`)));
    child.once('error', reject);
  });
}

async function openTab(connection: Connection): Promise<Tab> {
  const { targetId } = await connection.send<{ targetId: string }>('Target.createTarget', { url: 'about:blank' });
  const attached = { targetId, flatten: true };
  const { sessionId } = await connection.send<{ sessionId: string }>('Target.attachToTarget', attached);
  const send = <T>(method: string, params: Parameters = {}) => connection.send<T>(method, params, sessionId);
  const problems: string[] = [];
  connection.listen(({ method, params = {}, sessionId: of }) => {
    if (of !== sessionId) return;
    if (method === 'Runtime.exceptionThrown' || method === 'Runtime.consoleAPICalled') {
      if (params.type !== 'log' && params.type !== 'info') problems.push(JSON.stringify(params).slice(0, 600));
    }
    if (method === 'Log.entryAdded') problems.push(JSON.stringify(params).slice(0, 600));
  });
  for (const domain of ['Page', 'Runtime', 'Log']) await send(`${domain}.enable`);

  const read = async <T>(expression: string): Promise<T> => {
    const asked = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = await send<{ result: { value: T }; exceptionDetails?: { text: string } }>(
      'Runtime.evaluate',
      asked,
    );
    if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails).slice(0, 500)}`);
    return result.value;
  };
  const until = async (expression: string) => {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; ) {
      if (await read<boolean>(`Boolean(${expression})`).catch(() => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`not within 30 s: ${expression}; problems: ${problems.join('; ')}`);
  };
  return {
    problems,
    read,
    until,
    async resize(width, height, scheme) {
      const mobile = width < 600;
      await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile });
      const features = [{ name: 'prefers-color-scheme', value: scheme }];
      await send('Emulation.setEmulatedMedia', { features });
    },
    async open(url) {
      await send('Page.navigate', { url });
      await until(`location.href === ${JSON.stringify(url)} && document.readyState === 'complete'`);
    },
    hover: async (x, y) => void (await send('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y })),
    async press(key) {
      const codes: Record<string, number> = { ArrowRight: 39, ArrowLeft: 37, Escape: 27, Enter: 13, Tab: 9 };
      const event = { key, code: key, windowsVirtualKeyCode: codes[key] ?? 0, ...(key === 'Enter' && { text: '\r' }) };
      await send('Input.dispatchKeyEvent', { type: 'keyDown', ...event });
      await send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
    },
    type: async (text) => void (await send('Input.insertText', { text })),
    async screenshot() {
      const shown = { format: 'png', captureBeyondViewport: true };
      return Buffer.from((await send<{ data: string }>('Page.captureScreenshot', shown)).data, 'base64');
    },
  };
}

/** A headless Chromium with a profile of its own. */
export async function startChromium(program: string): Promise<{ tab(): Promise<Tab>; stop(): Promise<void> }> {
  const profile = await mkdtemp(join(tmpdir(), 'retune-chromium-'));
  const child = spawn(
    program,
    [
      ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars'],
      ...['--no-first-run', '--disable-background-networking', '--disable-extensions', '--mute-audio'],
      ...[`--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank'],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 5000);
    await exited;
    clearTimeout(late);
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const socket = new WebSocket(await endpoint(child));
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true });
      socket.addEventListener('error', () => reject(new Error('Chromium takes no connection')), { once: true });
    });
    const connection = new Connection(socket);
    return {
      tab: () => openTab(connection),
      async stop() {
        socket.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
