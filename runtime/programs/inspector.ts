import { CannotRun } from '../progress.ts';

/** Where a debugger attaches: the loopback port of Node's inspector, by the name of the app. */
export type InspectorPorts = ReadonlyMap<string, number>;

/** Environment variable with the apps to debug: APP:PORT, separated by commas. */
export const INSPECT_VARIABLE = 'CORE_BANK_INSPECT';
const EXAMPLE = `"${INSPECT_VARIABLE}=bank-account-actor:9229,core-bank-api:9230 npm start"`;
const ENTRY = /^([^:]+):(\d{1,5})$/;
/** Ports below it belong to the system. */
const PORT_MIN = 1_024;
const PORT_MAX = 65_535;

const refuse = (sentence: string): never => {
  throw new CannotRun(`${INSPECT_VARIABLE}: ${sentence} An example: ${EXAMPLE}.`);
};

/**
 * Reads APP:PORT, separated by commas; none when the text is missing or empty. `taken` are the
 * ports of the bank itself, with their owners. Throws CannotRun that says what is wrong.
 */
export const readInspectorPorts = (
  text: string | undefined,
  apps: readonly string[],
  taken: ReadonlyMap<number, string>,
): InspectorPorts => {
  const ports = new Map<string, number>();
  const owners = new Map(taken);
  for (const entry of (text ?? '').split(',').map((part) => part.trim())) {
    if (entry === '' && (text ?? '').trim() === '') break;
    const [, app = '', digits = ''] = ENTRY.exec(entry) ?? [];
    if (app === '') refuse(`"${entry}" is not APP:PORT.`);
    if (!apps.includes(app)) {
      refuse(`there is no app "${app}". The apps are ${apps.join(', ')}.`);
    }
    if (ports.has(app)) refuse(`${app} is named twice.`);
    const port = Number(digits);
    if (port < PORT_MIN || port > PORT_MAX) {
      refuse(`port ${digits} of ${app} must be from ${PORT_MIN} to ${PORT_MAX}.`);
    }
    const owner = owners.get(port);
    if (owner !== undefined) refuse(`port ${port} of ${app} belongs to ${owner}.`);
    ports.set(app, port);
    owners.set(port, inspectorName(app));
  }
  return ports;
};

export const inspectorName = (app: string): string => `the inspector of ${app}`;
