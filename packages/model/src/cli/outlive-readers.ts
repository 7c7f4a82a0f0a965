type Streams = Pick<NodeJS.Process, 'stdout' | 'stderr'>;

/**
 * A reader that has seen enough, as `head` has, is no reason to end a training: the command goes on and keeps its exit
 * code. Any other failure to write is thrown.
 */
export function outliveReaders({ stdout, stderr }: Streams): void {
  for (const stream of [stdout, stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
}
