import { Command, Option } from 'commander';
import { VERSION } from '../version.js';
import {
  addOptions,
  CLIENT_DEFAULTS,
  CLIENT_SETTINGS,
  EMBEDDED_SETTINGS,
  MASTER_SETTINGS,
  NODE_SETTINGS,
  parseAge,
  readSettings,
  TEMPORAL_SETTINGS,
} from './options.js';

const USAGE = 2;

const EXAMPLES = `
Examples:
  temposlice start                                   everything on this machine, data in ./data
  temposlice start --port 5679 --data-dir /var/lib/temposlice
  temposlice start --temporal temporal.example.org:7233 --store postgresql://user@db/temposlice
  temposlice master --temporal temporal:7233 --store postgresql://user@db/temposlice --host 0.0.0.0
  temposlice node --temporal temporal:7233 --master http://master:5678 --slots 8
  temposlice import --from http://teraslice:5678
  temposlice purge --older-than 30d

Every option is an environment variable, too: --data-dir is TEMPOSLICE_DATA_DIR. And a key of the configuration
file's section temposlice: data_dir. Flags win over variables, variables over the file.`;

/** The command line. Commands load what they run only when they run. */
export function createProgram(): Command {
  const program = new Command('temposlice')
    .description('Teraslice jobs, run durably on Temporal.')
    .version(VERSION)
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(temposlice --help explains the commands and options)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE));

  const start = program
    .command('start')
    .description('run the whole stack on this machine: Temporal, a master and a node')
    .action(async () => {
      const { runStart } = await import('../workers/start.js');
      await runStart(readSettings(start));
    });
  const stack = [...MASTER_SETTINGS, ...NODE_SETTINGS, ...TEMPORAL_SETTINGS, ...EMBEDDED_SETTINGS];
  addOptions(start, stack);

  const master = program
    .command('master')
    .description('run a master: REST API, workflows, store and placement')
    .action(async () => {
      const { runMember } = await import('./member.js');
      const { runMaster } = await import('../workers/master/index.js');
      await runMember('master', readSettings(master, ['temporal']), runMaster);
    });
  addOptions(master, [...MASTER_SETTINGS, ...TEMPORAL_SETTINGS]);

  const node = program
    .command('node')
    .description('run a node: a place for worker and slicer processes')
    .action(async () => {
      const { runMember } = await import('./member.js');
      const { runNode } = await import('../workers/node/index.js');
      await runMember('node', readSettings(node, ['temporal', 'master']), runNode);
    });
  addOptions(node, [...NODE_SETTINGS, ...TEMPORAL_SETTINGS, 'master']);

  const importing = program
    .command('import')
    .description(
      'copy the jobs of another server that speaks the REST API, a Teraslice for example, and its assets if it gives them, with their ids',
    )
    .requiredOption('--from <url>', 'URL of the server to copy from')
    .option('--overwrite', 'replace jobs that are here with other content', false)
    .option('--dry-run', 'only say what would be done', false)
    .action(async (options: { from: string; overwrite: boolean; dryRun: boolean }) => {
      const { runImport } = await import('./import.js');
      await runImport(readSettings(importing).settings, options);
    });
  addOptions(importing, CLIENT_SETTINGS, CLIENT_DEFAULTS);

  const purge = program
    .command('purge')
    .description('remove executions that ended long ago, with all that is stored of them')
    .requiredOption('--older-than <age>', 'age such as 30d or 12h, counted from the last change', parseAge)
    .action(async ({ olderThan }: { olderThan: number }) => {
      const { runPurge } = await import('./purge.js');
      await runPurge(readSettings(purge).settings, olderThan);
    });
  addOptions(purge, CLIENT_SETTINGS, CLIENT_DEFAULTS);

  const demo = program
    .command('demo')
    .description('run an example job on real data, with everything it needs, and show its progress')
    .addOption(
      new Option('--exit', 'stop everything when the job has ended; exit code 0 only if it completed').env(
        'TEMPOSLICE_EXIT',
      ),
    )
    .action(async (options: { exit?: boolean }) => {
      const { runDemo } = await import('./demo.js');
      await runDemo({ ...readSettings(demo), exit: options.exit ?? false });
    });
  addOptions(demo, stack);
  return program;
}
