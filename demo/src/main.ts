#!/usr/bin/env node
import { exitCodeOf } from '@testigo/trail';
import { createNarrator } from './narrator.ts';
import { parseOptions } from './options.ts';
import { tellStory } from './story.ts';

const INTERRUPTED = 130;

const interrupted = new Promise<void>((resolve) => {
  process.once('SIGINT', resolve);
  process.once('SIGTERM', resolve);
});

async function main(): Promise<number> {
  const options = parseOptions(process.argv);
  const narrator = createNarrator((line) => process.stdout.write(`${line}\n`), process.stdout);
  narrator.say('Testigo: one reading travels the whole way.\n');
  const ending = await tellStory(options, narrator);
  narrator.conclude(ending.outcome, ending.sentence);
  if (!options.once) {
    narrator.say(`\nThe API stays up at ${ending.api.url} until you press Ctrl-C.`);
    await interrupted;
  }
  await ending.close();
  return exitCodeOf(ending.outcome);
}

// Ctrl-C in the middle of the story leaves at once: what it made is in a temporary folder.
void interrupted.then(() => setTimeout(() => process.exit(INTERRUPTED), 10_000).unref());

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`testigo: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
