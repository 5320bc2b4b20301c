import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endLeftovers, isAlive, readProcessTable, writeProcessTable } from './process-table.ts';
import type { Entry } from './process-table.ts';
import type { ProgramSpec } from './managed-program.ts';
import { accepts, answersOk, freePort } from '../ports.ts';
import { processIdentity } from './process-identity.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';

const SERVER = `require('node:net').createServer().listen(Number(process.argv[1]), '127.0.0.1');`;
/** Starts a grandchild in its own group, which only a signal to the group reaches. */
const FAMILY = `${SERVER}
const child = require('node:child_process').spawn('sleep', ['300']);
require('node:fs').writeFileSync(process.argv[2], String(child.pid));`;

let dataDir: string;
let supervisor: Supervisor | undefined;
let notes: string[];

const spec = async (name: string, source: string, change: Partial<ProgramSpec> = {}) => {
  const port = await freePort();
  return {
    name,
    command: process.execPath,
    args: ['-e', source, String(port), join(dataDir, `${name}.child`)],
    env: { PATH: process.env['PATH'] ?? '' },
    cwd: dataDir,
    logFile: join(dataDir, `${name}.log`),
    port,
    layer: 0,
    ready: () => accepts(port),
    ...change,
  } satisfies ProgramSpec;
};

const until = async (done: () => boolean): Promise<void> => {
  for (let tries = 0; !done(); tries += 1) {
    if (tries > 200) throw new Error('it did not happen within 10 s');
    await sleep(50);
  }
};

const entry = (name: string): Entry => {
  const found = supervisor?.programs().find((program) => program.name === name);
  if (found === undefined) throw new Error(`${name} is not supervised`);
  return found;
};

const supervise = async (): Promise<Supervisor> => {
  supervisor = await createSupervisor(dataDir, (note) => notes.push(note));
  return supervisor;
};

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'supervisor-'));
  notes = [];
});
afterEach(async () => {
  await supervisor?.stop(2_000);
  supervisor = undefined;
  rmSync(dataDir, { recursive: true, force: true });
});

describe('a supervised program', () => {
  test('given a disk that takes no table and no log, it is restarted all the same', async () => {
    const house = await supervise();
    const server = await spec('server', SERVER);
    await house.start([server]);
    const { pid } = entry('server');
    // What a full disk refuses, refused in a way that root is refused as well.
    const [table, log] = [join(dataDir, `running.json.${process.pid}.new`), server.logFile];
    rmSync(log);
    for (const path of [table, log]) mkdirSync(path);
    house.kill('server', 'SIGKILL');
    await until(() => notes.some((note) => note.includes('running.json')));
    await until(() => entry('server').restarts > 1);
    for (const path of [table, log]) rmSync(path, { recursive: true });
    await until(() => entry('server').state === 'ready');
    expect(entry('server').pid).not.toBe(pid);
    await until(() => readProcessTable(dataDir)?.programs[0]?.pid === entry('server').pid);
  });

  test('given that it is killed, it is named, restarted and ready again', async () => {
    const house = await supervise();
    await house.start([await spec('teller', SERVER)]);
    const before = entry('teller');
    expect(house.kill('teller', 'SIGKILL')).toBe(true);
    await until(() => entry('teller').restarts === 1 && entry('teller').state === 'ready');
    expect(entry('teller').pid).not.toBe(before.pid);
    expect(notes).toEqual(['teller died (signal SIGKILL), restarting in 0.2 s']);
  });

  test('given that it dies again and again, the delays grow', async () => {
    const house = await supervise();
    await house.start([await spec('teller', SERVER)]);
    for (const restarts of [1, 2]) {
      house.kill('teller', 'SIGKILL');
      await until(() => entry('teller').restarts === restarts && entry('teller').state === 'ready');
    }
    expect(notes[1]).toBe('teller died (signal SIGKILL), restarting in 0.4 s');
  });

  test('given that it never comes up, the start fails with the end of its log', async () => {
    const house = await supervise();
    const broken = await spec('teller', "console.error('no vault key'); process.exit(2)");
    await expect(house.start([broken])).rejects.toThrow(/teller died 3 times.*\n.*no vault key/);
  });

  test('given a child of its own, stopping ends the whole group', async () => {
    const house = await supervise();
    await house.start([await spec('teller', FAMILY)]);
    const file = join(dataDir, 'teller.child');
    await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '');
    const child = Number(readFileSync(file, 'utf8'));
    expect(processIdentity(child)).toBeDefined();
    await house.stop();
    await until(() => processIdentity(child) === undefined);
  });

  test('given that it ignores SIGTERM, it is killed when patience ends', async () => {
    const house = await supervise();
    await house.start([await spec('teller', `process.on('SIGTERM', () => {}); ${SERVER}`)]);
    const { pid } = entry('teller');
    await house.stop(300);
    expect(processIdentity(pid)).toBeUndefined();
    expect(notes).toEqual(['teller did not stop within 0.3 s, killing it']);
  });

  test('given that it hangs, it is named, killed and restarted', async () => {
    const house = await supervise();
    const answers = `require('node:http').createServer((_, response) => response.end())
      .listen(Number(process.argv[1]), '127.0.0.1');`;
    const teller = await spec('teller', answers);
    const ready = () => answersOk(teller.port, '/');
    await house.start([{ ...teller, ready, unansweredMax: 2 }]);
    const { pid } = entry('teller');
    house.kill('teller', 'SIGSTOP');
    await until(() => entry('teller').restarts === 1 && entry('teller').state === 'ready');
    expect(entry('teller').pid).not.toBe(pid);
    expect(notes[0]).toBe('teller does not answer, killing it');
  });

  test('given that it was removed, it is stopped and forgotten, and may come again', async () => {
    const house = await supervise();
    const teller = await spec('teller', SERVER);
    await house.start([teller]);
    const { pid } = entry('teller');
    await house.remove('teller');
    expect(processIdentity(pid)).toBeUndefined();
    expect(house.programs()).toEqual([]);
    expect(readProcessTable(dataDir)?.programs).toEqual([]);
    await house.start([teller]);
    expect(entry('teller').state).toBe('ready');
  });

  test('given that it was taken down, it stays down until it is brought up', async () => {
    const house = await supervise();
    await house.start([await spec('teller', SERVER)]);
    await house.takeDown('teller');
    await sleep(500);
    expect(entry('teller').state).toBe('stopped');
    await house.bringUp('teller');
    expect(entry('teller').state).toBe('ready');
  });
});

describe('layers', () => {
  test('given two, the higher one has ended before the lower one is asked to', async () => {
    const house = await supervise();
    const bye = (name: string): string =>
      `${SERVER} process.on('SIGTERM', () => { require('node:fs').appendFileSync('order', ` +
      `'${name} '); setTimeout(() => process.exit(0), 100); });`;
    await house.start([
      await spec('vault', bye('vault'), { layer: 0 }),
      await spec('teller', bye('teller'), { layer: 1 }),
    ]);
    await house.stop();
    expect(readFileSync(join(dataDir, 'order'), 'utf8')).toBe('teller vault ');
  });
});

describe('a data folder', () => {
  test('given a living supervisor, a second one is refused', async () => {
    await supervise();
    await expect(createSupervisor(dataDir, () => undefined)).rejects.toThrow('running already');
  });

  test('given what a killed supervisor left, the next one ends it but no stranger', async () => {
    mkdirSync(dataDir, { recursive: true });
    const start = () => {
      const child = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
      return child.pid as number;
    };
    const [leftover, stranger] = [start(), start()];
    const dead = { pid: 0, port: 0, layer: 0, state: 'ready', startedAt: 0, restarts: 0 } as const;
    const identity = processIdentity(leftover) as string;
    writeProcessTable(dataDir, [
      { ...dead, name: 'teller', pid: leftover, identity },
      { ...dead, name: 'vault', pid: stranger, identity: 'an earlier process with that pid' },
    ]);
    const file = join(dataDir, 'running.json');
    const table = JSON.parse(readFileSync(file, 'utf8')) as { supervisor: { identity: string } };
    table.supervisor.identity = 'a supervisor that is dead';
    writeFileSync(file, JSON.stringify(table));
    await supervise();
    expect(notes).toEqual(['Ended what a killed start had left: teller.']);
    expect(processIdentity(leftover)).toBeUndefined();
    expect(processIdentity(stranger)).toBeDefined();
    process.kill(stranger, 'SIGKILL');
  });

  test('given a stop, the process table is gone and nothing is left to end', async () => {
    const house = await supervise();
    await house.start([await spec('teller', SERVER)]);
    const table = readProcessTable(dataDir);
    expect(table?.programs.filter(isAlive)).toHaveLength(1);
    await house.stop();
    expect(readProcessTable(dataDir)).toBeUndefined();
    expect(table === undefined ? [] : await endLeftovers(table)).toEqual([]);
  });
});
