import { Client } from 'pg';
import type { Instance } from '../instance.ts';
import { LOOPBACK } from '../ports.ts';
import type { Secrets } from '../secrets.ts';

/** The administrator of all databases. */
export const POSTGRES_ADMIN = 'postgres';

/** Connects as the administrator of all databases; the caller ends the connection. */
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
