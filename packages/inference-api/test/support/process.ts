import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export type ServiceProcess = {
  readonly child: ChildProcess;
  readonly url: string;
  /** Everything it wrote to standard output so far. */
  output(): string;
  end(signal: NodeJS.Signals): Promise<number | null>;
};

/** The built service as an operator runs it, from a configuration file; resolves once it listens. */
export const startProcess = async (configFile: string): Promise<ServiceProcess> => {
  const child = spawn(process.execPath, [MAIN, '--config', configFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      text += String(chunk);
      const found = /"full":"([^"]+)"/.exec(text)?.[1];
      if (found) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`the service ended with ${code}: ${text}`)));
  });
  return {
    child,
    url,
    output: () => text,
    end: async (signal) => {
      const exited = once(child, 'exit');
      child.kill(signal);
      const [code] = (await exited) as [number | null];
      return code;
    },
  };
};
