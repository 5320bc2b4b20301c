import { Client } from 'pg';
import type { Instance } from '../instance.ts';
import { LOOPBACK } from '../ports.ts';
import type { Secrets } from '../secrets.ts';

export const POSTGRES_ADMIN = 'postgres';

/** As the administrator of all databases. */
export const connectToPostgres = async (
  instance: Instance,
  secrets: Pick<Secrets, 'postgresAdmin'>,
  database: string,
): Promise<Client> => {
  const client = new Client({
    host: LOOPBACK,
    port: instance.ports.postgres,
    user: POSTGRES_ADMIN,
    password: secrets.postgresAdmin,
    database,
    connectionTimeoutMillis: 2_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
};
