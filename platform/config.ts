import { z } from 'zod';
import { DOCS_MODES } from './http/docs.ts';

const port = z.coerce.number().int().min(1).max(65_535);
const token = z.string().min(16);

/**
 * Environment variables of every app behind a sidecar; `dapr run` and our supervisor set the ports.
 */
export const commonConfig = {
  APP_PORT: port.describe('Port on which the app listens.'),
  DAPR_HTTP_PORT: port.describe("Port of the sidecar's HTTP API."),
  DAPR_GRPC_PORT: port.optional().describe("Port of the sidecar's gRPC API."),
  DAPR_API_TOKEN: token.describe('Secret: the app shows this token to its sidecar.'),
  APP_API_TOKEN: token.describe('Secret: the sidecar shows this token to the app.'),
  LOG_LEVEL: z
    .enum(['error', 'warn', 'info', 'debug'])
    .default('info')
    .describe('The least severe lines that the app writes to its log.'),
};

const MOST = 100_000;
/** The most of something that may be under way at once. */
export const most = (fallback: number, description: string) =>
  z.coerce.number().int().min(1).max(MOST).default(fallback).describe(description);

const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text;

/** Environment variables of the two APIs that clients call. */
export const publicApiConfig = {
  ...commonConfig,
  DOCS: z
    .enum(DOCS_MODES)
    .default('off')
    .describe(
      'Documentation at /docs and /openapi.json: none, to read, or to send requests from. ' +
        '`npm start` sets `try`.',
    ),
  TLS_CERT_FILE: z
    .string()
    .optional()
    .describe('PEM file of the certificate and its chain; clients then come by TLS only.'),
  TLS_KEY_FILE: z.string().optional().describe('PEM file of the key of that certificate.'),
  TLS_PORT: port.optional().describe('Port for clients that come by TLS; APP_PORT + 443 if unset.'),
  TLS_CLIENT_CERTIFICATES: z
    .enum(['none', 'ask'])
    .default('none')
    .describe('With `ask`, clients may show a certificate to which their tokens are bound.'),
  CONNECTIONS_MAX: most(2_000, 'Most connections of all clients; more are closed at once.'),
  CONNECTIONS_PER_ADDRESS_MAX: most(500, 'Most connections from one address other than loopback.'),
  REQUESTS_MAX: most(2_000, 'Most requests under way of all clients together.'),
  REQUESTS_PER_CLIENT_MAX: most(500, 'Most requests under way of one client; a person has half.'),
  CORS_ORIGINS: z
    .string()
    .default('')
    .transform((text) => text.split(/[\s,]+/).filter(Boolean))
    .refine((origins) => origins.every(isOrigin), {
      message: 'must be origins such as https://desk.example.org, with commas between',
    })
    .describe('Origins of web pages that may call the API from a browser; none if unset.'),
  FAILED_LOGINS_PER_MINUTE_MAX: most(
    60,
    'Most requests without a valid token from one address in a minute; more are answered 429.',
  ),
};
export type PublicApiConfig = z.infer<z.ZodObject<typeof publicApiConfig>>;

/**
 * Reads the environment by the shape. When a variable is wrong or missing, it writes one sentence
 * for each to stderr and ends the process with status 2: an app must not start half configured.
 * @example
 * const config = readConfig({ ...commonConfig, MONGO_URL: z.string() });
 */
export function readConfig<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: NodeJS.ProcessEnv = process.env,
): z.infer<z.ZodObject<Shape>> {
  const parsed = z.object(shape).safeParse(environment);
  if (parsed.success) return parsed.data as z.infer<z.ZodObject<Shape>>;
  for (const issue of parsed.error.issues) {
    const name = issue.path.join('.');
    const hint = environment[name] === undefined ? 'is not set' : 'is not valid';
    process.stderr.write(`The environment variable ${name} ${hint}: ${issue.message}.\n`);
  }
  process.stderr.write('Start the whole house with "npm start", which sets them all.\n');
  process.exit(2);
}
