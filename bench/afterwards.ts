import { measureAuditCost } from './audit-cost.ts';
import { caughtUp, DELAY_FACTOR, note, runLoads, warmUp, type Course } from './course.ts';
import { measureAtRest } from './disk.ts';
import { actorHosts } from './house.ts';
import { comparedLoads } from './loads.ts';
import { measureIdle, runAudit, runRebuild } from './measurements.ts';
import type { Part } from './parts.ts';
import type { Rebuild } from './report/results.ts';

const PROJECTIONS = ['balances', 'history'] as const;

/** What auditing costs, and how fast it is. */
async function measureAudit({ house, seconds, subjects, found, root }: Course): Promise<void> {
  note('commands with and without the background audit ...');
  const [load] = comparedLoads(subjects);
  if (load === undefined) return;
  const cost = await measureAuditCost(house, load, seconds * DELAY_FACTOR);
  if (cost !== undefined) found.auditCost = cost;
  await caughtUp(house, subjects.hot);
  note('auditing the whole log ...');
  found.audit = await runAudit(root, house);
}

/** What can only be measured when the loads are over. */
export async function measureAfterwards(course: Course): Promise<void> {
  const { house, found, wanted, root, subjects, loads } = course;
  if (wanted('audit')) await measureAudit(course);
  if (wanted('idle')) found.idleAfter = await measureIdle(house.programs());
  if (wanted('disk')) {
    note('bytes at rest ...');
    const atRest = await measureAtRest(house);
    if (atRest !== undefined) found.atRest = atRest;
  }
  if (wanted('rebuild')) {
    const rebuilds: Rebuild[] = [];
    for (const name of PROJECTIONS) {
      note(`rebuilding ${name} ...`);
      rebuilds.push(await runRebuild(root, house, name));
    }
    found.rebuilds = rebuilds;
  }
  if (house.startMs !== undefined) found.startMs = house.startMs;
  if (house.restart === undefined) return;
  const [uniform] = comparedLoads(subjects);
  if (uniform === undefined) return;
  const again = async (name: 'restarted' | 'twoHosts', part: Part): Promise<void> => {
    await warmUp(house, uniform);
    await runLoads({ ...course, plain: undefined, loads }, [{ ...uniform, name, part }]);
  };
  if (wanted('restart')) {
    found.restartMs = await house.restart();
    await again('restarted', 'restart');
  }
  if (!wanted('twoHosts')) return;
  await house.restart(2);
  if (actorHosts(house) < 2) return note('twoHosts: this bank starts one actor host only');
  await again('twoHosts', 'twoHosts');
}
