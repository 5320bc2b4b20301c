/** A version of an account, as it stands in an answer. */
interface AccountVersion {
  readonly accountId: string;
  readonly version: number;
}

/** Accounts whose last version is remembered; the oldest are forgotten first. */
const REMEMBERED = 10_000;
const ACCOUNT = /^\/v1\/accounts\/([^/]+)(\/.*)?$/;
/** What takes `minVersion`, below the path of an account. */
const WAITING = new Set(['', '/balance', '/history', '/holds']);

/** The account in a path and what is below it; undefined in another path. */
function accountIn(path: string): { readonly id: string; readonly below: string } | undefined {
  const [, id, below = ''] = ACCOUNT.exec(path) ?? [];
  return id === undefined ? undefined : { id: decodeURIComponent(id), below };
}

const isAccountVersion = (value: unknown): value is AccountVersion =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Partial<AccountVersion>).accountId === 'string' &&
  typeof (value as Partial<AccountVersion>).version === 'number';

/** All versions in an answer: of an outcome, of both sides of a transfer, of a batch. */
function* versionsIn(value: unknown): Generator<AccountVersion> {
  if (isAccountVersion(value)) yield value;
  if (typeof value !== 'object' || value === null) return;
  for (const member of Object.values(value)) yield* versionsIn(member);
}

/**
 * The last version of each account that a command of this client made. A query of such an account
 * then asks for it with `minVersion`, so that a client reads what it wrote.
 */
export class WrittenVersions {
  private readonly versions = new Map<string, number>();

  /** Takes the answer of a command. */
  note(answer: unknown): void {
    for (const { accountId, version } of versionsIn(answer)) {
      const known = this.versions.get(accountId) ?? 0;
      this.versions.delete(accountId);
      this.versions.set(accountId, Math.max(known, version));
    }
    for (const oldest of this.versions.keys()) {
      if (this.versions.size <= REMEMBERED) break;
      this.versions.delete(oldest);
    }
  }

  /** The address of a query, with the version that it has to wait for. */
  awaited(address: string): string {
    const url = new URL(address);
    const account = accountIn(url.pathname);
    const version = account && this.versions.get(account.id);
    if (account === undefined || version === undefined) return address;
    const isPast = ['minVersion', 'at', 'version', 'cursor'].some((name) =>
      url.searchParams.has(name),
    );
    if (isPast || !WAITING.has(account.below)) return address;
    url.searchParams.set('minVersion', String(version));
    return url.href;
  }
}
