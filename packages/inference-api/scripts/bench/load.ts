import { connect, type Socket } from 'node:net';

/** One HTTP request, ready for the wire: the generator shares the machine with what it measures, so it does little. */
export const buildRequest = (body: Buffer, type: string): Buffer =>
  Buffer.concat([
    Buffer.from(
      `POST /v1/records HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n`,
    ),
    body,
  ]);

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** A keep-alive connection that sends one request at a time. */
export class Connection {
  readonly #socket: Socket;
  #received: Buffer[] = [];
  #bytes = 0;
  #needed: number | undefined;
  #headEnd = 0;
  #resolve: ((answer: Answer) => void) | undefined;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk));
  }

  send(request: Buffer): Promise<Answer> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#received.push(chunk);
    this.#bytes += chunk.length;
    if (this.#needed === undefined) {
      const head = Buffer.concat(this.#received);
      this.#headEnd = head.indexOf('\r\n\r\n') + 4;
      if (this.#headEnd < 4) return;
      const length = /content-length: (\d+)/i.exec(head.toString('latin1', 0, this.#headEnd));
      this.#needed = this.#headEnd + Number(length?.[1] ?? 0);
    }
    if (this.#bytes < this.#needed) return;
    const whole = Buffer.concat(this.#received);
    const answer = { status: Number(whole.toString('latin1', 9, 12)), body: whole.subarray(this.#headEnd) };
    this.#received = [];
    this.#bytes = 0;
    this.#needed = undefined;
    this.#resolve?.(answer);
  }
}

const checkStatus = ({ status, body }: Answer): Answer => {
  if (status !== 201) throw new Error(`answered ${status}: ${body.toString().slice(0, 200)}`);
  return { status, body };
};

/** As fast as answers come, over so many connections. Returns seconds. */
export const runClosedLoop = async (
  port: number,
  requests: readonly Buffer[],
  connections: number,
): Promise<number> => {
  let next = 0;
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = new Connection(port);
      while (next < requests.length) checkStatus(await connection.send(requests[next++]!));
      connection.close();
    }),
  );
  return (performance.now() - startedMs) / 1000;
};

export interface Timed {
  /** From the moment the request was due, so that a stalled server cannot hide its stall. */
  readonly latenciesMs: readonly number[];
  readonly answers: readonly Answer[];
}

/** A fixed rate, whatever the server does. */
export const runOpenLoop = async (
  port: number,
  requests: readonly Buffer[],
  perSecond: number,
): Promise<Timed> => {
  const idle: Connection[] = [];
  const latenciesMs: number[] = [];
  const answers: Answer[] = [];
  const all: Connection[] = [];
  const pending: Promise<void>[] = [];
  const startedMs = performance.now();
  const sendOne = async (at: number) => {
    let connection = idle.pop();
    if (!connection) {
      connection = new Connection(port);
      all.push(connection);
    }
    answers.push(checkStatus(await connection.send(requests[at]!)));
    latenciesMs.push(performance.now() - (startedMs + (at * 1000) / perSecond));
    idle.push(connection);
  };
  for (let sent = 0; sent < requests.length; ) {
    const due = Math.min(requests.length, Math.floor(((performance.now() - startedMs) * perSecond) / 1000));
    while (sent < due) pending.push(sendOne(sent++));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(pending);
  for (const connection of all) connection.close();
  return { latenciesMs, answers };
};

export const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN;
