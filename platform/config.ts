import { z } from 'zod';

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
