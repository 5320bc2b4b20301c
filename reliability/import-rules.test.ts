import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { projectRoot } from '../runtime/instance.ts';

interface Rule {
  readonly name: string;
  readonly module?: { readonly path: string };
}
interface Summary {
  readonly violations: readonly { readonly from: string; readonly rule: Rule }[];
  readonly ruleSetUsed: { readonly forbidden: readonly Rule[] };
}
/** A file, what it imports (a path or a package), and the one rule that this breaks, if any. */
type Plant = readonly [file: string, imported: string, rule?: string];

const ROOT = projectRoot();
/** Two runs of dependency-cruiser, also while the machine is busy. */
const TIMEOUT_MS = 120_000;
const folder = mkdtempSync(join(tmpdir(), 'import-rules-'));
symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (path: string, text: string): void => {
  mkdirSync(join(folder, dirname(path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};

/** What dependency-cruiser finds in the folder by the rules of the project. */
function cruise(): Summary {
  const program = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const config = join(ROOT, '.dependency-cruiser.mjs');
  const args = [program, '--config', config, '--output-type', 'json', '.'];
  const options = { cwd: folder, encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 } as const;
  const { summary } = JSON.parse(execFileSync(process.execPath, args, options)) as {
    summary: Summary;
  };
  return summary;
}

test(
  'given a planted fault against each rule of imports, then exactly these are found',
  () => {
    write('package.json', '{}');
    const rules = cruise().ruleSetUsed.forbidden;
    const namesAfter = (prefix: string): string[] =>
      rules.flatMap(({ name }) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
    const rooms = namesAfter('room-');

    const plants: readonly Plant[] = [
      ...rooms.map((room): Plant => {
        const stranger = room === 'bench' ? 'domain/account.ts' : 'bench/loads.ts';
        return [`${room}/strange.ts`, stranger, `room-${room}`];
      }),
      ...namesAfter('tests-of-').map((room): Plant => [
        `${room}/strange.test.ts`,
        'bench/loads.ts',
        `tests-of-${room}`,
      ]),
      ...namesAfter('home-of-').map((name, at): Plant => [
        `reliability/away-${at}.ts`,
        name,
        `home-of-${name}`,
      ]),
      ['platform/contracts.ts', 'contracts/account/events.ts', 'room-platform'],
      ['event-source/log/service.ts', 'projections/follower/follower.ts', 'room-event-source'],
      ['event-source/service.test.ts', 'projections/follower/follower.ts', 'tests-of-event-source'],
      ['event-source/bank.ts', 'runtime/supervisor/bank.ts', 'room-event-source'],
      ['reliability/faults/app.ts', 'core-bank-api/app.ts', 'room-reliability'],
      ['reliability/simulation/bench.ts', 'bench/loads.ts', 'simulations'],
      ['reliability/simulation/tools.ts', 'tools/x.ts', 'unknown-room'],
      ['projections/history/private.ts', 'projections/follower/read-ahead.ts', 'door'],
      ['operations/private.ts', 'event-source/audit/walker.ts', 'door-from-room'],
      ['projections/new-door.ts', 'projections/new-room/file.ts', 'door-from-room'],
      ['domain/tested.ts', 'domain/bank-for-tests.ts', 'tests-stay-outside'],
      ['domain/circle.ts', 'domain/circle.ts', 'circle'],
      ['domain/nowhere.ts', 'domain/nothing.ts', 'unresolvable'],
      ['domain/schema.ts', 'zod', 'unlisted-package'],
      ['contracts/ids.ts', 'domain/ids.ts'],
      ['contracts/schema.ts', 'zod'],
      ['platform/problems.ts', 'contracts/http/problems.ts'],
      ['event-source/log/inside.ts', 'event-source/log/private.ts'],
      ['event-source/log/outside.ts', 'event-source/immudb/client.ts'],
      ['event-source/log/behind.test.ts', 'event-source/immudb/reads.ts'],
      ['event-source/bank.test.ts', 'runtime/supervisor/bank.ts'],
      ['reliability/simulation/app.ts', 'core-bank-api/app.ts'],
      ['bench/invariants.ts', 'domain/invariants.ts'],
      ['projections/read-store/mongo-x.ts', 'mongodb'],
    ];
    // Of the doors of each sub-room, one that no plant goes through.
    const unused = rules.flatMap(({ name, module }): Plant[] => {
      const [, room, files] = /^\^([^(]+)\(\?:([^)]+)\)/.exec(module?.path ?? '') ?? [];
      const doors = files?.split('|').map((file) => `${room}${file}.ts`) ?? [];
      const first = doors.find((door) => plants.every(([, imported]) => imported !== door));
      return first === undefined ? [] : [[first, 'node:fs', name]];
    });

    for (const room of rooms) {
      mkdirSync(join(folder, room), { recursive: true });
      cpSync(join(ROOT, room, 'package.json'), join(folder, room, 'package.json'));
    }
    for (const [, imported] of plants) {
      if (imported.endsWith('.ts') && imported !== 'domain/nothing.ts') write(imported, '');
    }
    for (const [file, imported] of [...plants, ...unused]) {
      const path = relative(dirname(file), imported).replace(/^(?!\.)/, './');
      const name = imported.endsWith('.ts') ? path : imported;
      write(file, `import * as planted from '${name}';\nexport { planted };\n`);
    }
    const found = cruise().violations.map(({ from, rule }) => `${from}: ${rule.name}`);
    const wanted = [...plants, ...unused].flatMap(([file, , rule]) =>
      rule === undefined ? [] : [`${file}: ${rule}`],
    );
    expect(found.sort()).toEqual(wanted.sort());
    const fired = new Set(found.map((text) => text.split(': ')[1]));
    expect(rules.filter(({ name }) => !fired.has(name))).toEqual([]);
  },
  TIMEOUT_MS,
);
