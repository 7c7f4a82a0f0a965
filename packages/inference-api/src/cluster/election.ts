import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { ApiError } from '../errors.ts';
import type { Logger } from '../logging.ts';
import { createClient } from '../postgres/connect.ts';
import {
  applicationNameOf,
  beat,
  disconnect,
  leaveTerm,
  readWriter,
  type Term,
  takeTerm,
  type Writer,
} from './term.ts';

export type ElectionParts = {
  /** Of the database. */
  readonly databaseUrl: string;
  readonly replicaId: string;
  /** Where the other replicas reach this one. */
  readonly url: string;
  /** A writer that says nothing for so long is cut off. */
  readonly leaseMs: number;
  readonly logger: Logger;
  /** Gets ready to write; requests are sent here once it resolves. */
  readonly onTerm: (term: Term) => Promise<void>;
  /** The term was lost: nothing can be written in it any more. */
  readonly onLost: () => void;
  /** The term is given back: commits what is under way first. */
  readonly onLeave: () => Promise<void>;
};

const LOOKS_A_LEASE = 10;

const within = async <T>(work: Promise<T>, timeoutMs: number): Promise<T> => {
  const abort = new AbortController();
  const timeout = sleep(timeoutMs, undefined, { signal: abort.signal }).then((): never => {
    throw new ApiError('store-unavailable', 'The database does not answer.');
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    abort.abort();
    timeout.catch(() => undefined);
  }
};

/**
 * Stands for writer, over a connection of its own, as long as it runs. The connection holds the lock that makes one
 * replica the writer, so a killed process lets go of it at once, and a silent one is disconnected by the others.
 */
export class Election {
  readonly #parts: ElectionParts;
  readonly #stopping = new AbortController();
  #client: Client | undefined;
  #term: Term | undefined;
  #writer: Writer | undefined;
  #announced = '';
  #resignation: unknown;
  #getsReady: Promise<void> = Promise.resolve();
  #running: Promise<void> = Promise.resolve();

  constructor(parts: ElectionParts) {
    this.#parts = parts;
  }

  /** Resolves after the first look: this replica writes, or another does, or the database does not answer. */
  async start(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#running = this.#run(resolve);
    });
    await this.#getsReady;
  }

  /** Who writes, as of the last look. */
  writer(): Writer | undefined {
    return this.#writer;
  }

  /** Gives the term back, after something in it failed whose outcome only a new term can tell. */
  resign(term: Term, reason: unknown): void {
    // What fails late in an earlier term is no reason to leave this one.
    if (this.#term === term) this.#resignation ??= reason;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(onFirstLook: () => void): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#connect(onFirstLook);
      } catch (error) {
        this.#lose(error);
      }
      onFirstLook();
      // Whoever had to give up lets the others try first.
      await this.#pause(this.#resignation === undefined ? 1 : LOOKS_A_LEASE);
      this.#resignation = undefined;
    }
  }

  async #connect(onFirstLook: () => void): Promise<void> {
    const { databaseUrl: url, replicaId } = this.#parts;
    const client = createClient({ url, applicationName: applicationNameOf(replicaId) });
    // Told by the next query too; without a listener Node would end.
    client.on('error', () => undefined);
    this.#client = client;
    try {
      await client.connect();
      while (!this.#stopping.signal.aborted) {
        await within(this.#look(client), this.#parts.leaseMs);
        onFirstLook();
        await this.#pause(1);
      }
      await this.#leave(client);
    } finally {
      this.#client = undefined;
      // Not awaited: across a broken network the server's goodbye never comes.
      client.end().catch(() => undefined);
    }
  }

  async #look(client: Client): Promise<void> {
    const { replicaId, leaseMs } = this.#parts;
    if (this.#term && this.#resignation !== undefined) throw this.#resignation;
    if (this.#term && !(await beat(client, this.#term, this.#announced))) throw new ApiError('not-writer');
    if (!this.#term) {
      const before = await readWriter(client, leaseMs);
      const term = await takeTerm(client, replicaId);
      // A look that took too long was given up, and its connection with it.
      if (term && this.#client === client) this.#begin(term);
      else if (!before.isAlive) await this.#cutOff(client, before);
    }
    this.#writer = await readWriter(client, leaseMs);
  }

  #begin(term: Term): void {
    this.#term = term;
    this.#resignation = undefined;
    this.#announced = '';
    this.#parts.logger.info({ testigo: { term } }, 'elected to write');
    this.#getsReady = this.#parts.onTerm(term).then(
      () => {
        if (this.#term === term) this.#announced = this.#parts.url;
      },
      (error: unknown) => this.resign(term, error),
    );
  }

  async #cutOff(client: Client, { holder, epoch }: Writer): Promise<void> {
    this.#parts.logger.warn({ testigo: { term: { epoch }, holder } }, 'the writer is silent: cutting it off');
    await disconnect(client, holder);
  }

  #lose(error: unknown): void {
    this.#writer = undefined;
    if (!this.#term) {
      this.#parts.logger.warn({ err: error }, 'cannot stand for writer');
      return;
    }
    this.#parts.logger.warn({ err: error, testigo: { term: this.#term } }, 'no longer the writer');
    this.#term = undefined;
    this.#parts.onLost();
  }

  async #leave(client: Client): Promise<void> {
    if (!this.#term) return;
    await this.#getsReady;
    await this.#parts.onLeave();
    await leaveTerm(client, this.#term);
    this.#term = undefined;
  }

  async #pause(looks: number): Promise<void> {
    const { signal } = this.#stopping;
    await sleep((looks * this.#parts.leaseMs) / LOOKS_A_LEASE, undefined, { signal }).catch(() => undefined);
  }
}
