/** The commands that deliver sets of objects to clusters. Each is done in a file of its own. */
import type { Command } from 'commander'
import type { ProcessFacts } from '../process-facts.ts'
import { withConnection, type ConnectionFlags } from './connection-flags.ts'
import type { ApplyFlags, DeleteFlags, DriftFlags, ListFlags, RollbackFlags } from './delivery-flags.ts'

const WHAT =
  'store path or a link to one such as ./result; file, directory, or - for standard input; flake attribute such as .#web; app.yaml'
const SET = 'name of the set'
const DEFAULT_TIMEOUT_S = '300'
const DEFAULT_HISTORY = '10'

export function addDelivery(program: Command, facts: ProcessFacts): void {
  const { environment } = facts
  withConnection(
    program
      .command('apply')
      .description(
        'deliver a set of objects to a cluster: check, apply in stages, remember what was applied',
      ),
  )
    .argument('<what...>', WHAT)
    .option('--name <name>', 'of the set; by default that of the store path, file or directory')
    .option('--wait', 'until all objects are healthy', false)
    .option('--timeout <seconds>', 'how long builds, and then objects, may take', DEFAULT_TIMEOUT_S)
    .option('--prune', 'delete objects that the last delivery had and this one has not', false)
    .option(
      '--confirm <object>',
      'may be deleted although it holds data or other objects, such as "Namespace shop"',
      collect,
      [],
    )
    .option('--adopt', 'take objects over that belong to another set', false)
    .option('--allow-empty', 'the set may have no objects, and all that it had are deleted', false)
    .option('--allow-shrink', 'more than half of the objects may be deleted at once', false)
    .option('--dry-run', 'show what would change, and change nothing', false)
    .option(
      '--ignore <pointer>',
      'fields of all objects that others may set, such as /spec/replicas',
      collect,
      [],
    )
    .option('--history-limit <number>', 'generations that are kept', DEFAULT_HISTORY)
    .option(
      '--registry <url>',
      'that fetches and builds the images first (PUSHLESS_REGISTRY); none by default',
      environment['PUSHLESS_REGISTRY'] || undefined,
    )
    .option('--no-registry', 'let nodes ask for images when Pods start')
    .option('--host <host>', 'what the registry is called in objects, beside nix.internal', collect, [])
    .option('--token-file <file>', 'for registries that tell of their builds to who has the token', '')
    .option('--no-keep', 'keep no generation of a store path from the garbage collector of this machine')
    .option('-q, --quiet', 'no progress on standard error', false)
    .option('--json', 'progress as lines of JSON on standard output', false)
    .action(async (what: readonly string[], flags: ApplyFlags) => {
      const { apply } = await import('./apply.ts')
      facts.exit(await apply(what, flags, facts))
    })
    .exitOverride()

  withConnection(
    program.command('status').description('show sets, their objects and whether these are healthy'),
  )
    .argument('[set]', `${SET}; all sets by default`)
    .option('-A, --all-namespaces', 'sets of all namespaces', false)
    .option('--json', 'as one JSON document', false)
    .action(async (set: string | undefined, flags: ListFlags) => {
      const { status } = await import('./status.ts')
      facts.exit(await status(set, flags, facts))
    })
    .exitOverride()

  withConnection(program.command('history').description('show the generations of a set that are kept'))
    .argument('<set>', SET)
    .option('--json', 'as one JSON document', false)
    .action(async (set: string, flags: ConnectionFlags & { readonly json: boolean }) => {
      const { history } = await import('./history.ts')
      facts.exit(await history(set, flags, facts))
    })
    .exitOverride()

  withConnection(
    program
      .command('rollback')
      .description(
        'deliver an earlier generation again, from what the cluster keeps of it; nothing is built',
      ),
  )
    .argument('<set>', SET)
    .argument('[generation]', 'its number; by default the last one before this that was delivered whole')
    .option('--wait', 'until all objects are healthy', false)
    .option('--timeout <seconds>', 'how long objects may take to become healthy', DEFAULT_TIMEOUT_S)
    .option('--no-prune', 'keep objects that the earlier generation has not')
    .option('--confirm <object>', 'as for apply', collect, [])
    .option('--dry-run', 'show what would change, and change nothing', false)
    .option('--history-limit <number>', 'generations that are kept', DEFAULT_HISTORY)
    .option('-q, --quiet', 'no progress on standard error', false)
    .option('--json', 'progress as lines of JSON on standard output', false)
    .action(async (set: string, generation: string | undefined, flags: RollbackFlags) => {
      const { rollback } = await import('./rollback.ts')
      facts.exit(await rollback(set, generation, flags, facts))
    })
    .exitOverride()

  withConnection(program.command('delete').description('delete the objects of a set, and its history'))
    .argument('<set>', SET)
    .option('--orphan', 'forget the set, and leave its objects in the cluster', false)
    .option('--confirm <object>', 'as for apply', collect, [])
    .option('--timeout <seconds>', 'how long the objects of a kind may take to go', '60')
    .option('--dry-run', 'show what would be deleted, and delete nothing', false)
    .option('--json', 'progress as lines of JSON on standard output', false)
    .action(async (set: string, flags: DeleteFlags) => {
      const { deleteCommand } = await import('./delete.ts')
      facts.exit(await deleteCommand(set, flags, facts))
    })
    .exitOverride()

  withConnection(
    program
      .command('drift')
      .description(
        'show what differs from the delivered generation, and exit with status 3 when something does',
      ),
  )
    .argument('<set>', SET)
    .option('--watch', 'go on, and show drift when it happens', false)
    .option('--correct', 'change the cluster back to what was delivered', false)
    .option(
      '--interval <seconds>',
      'with --watch: how often all objects are compared without a change',
      '300',
    )
    .option('--ignore <pointer>', 'as for apply', collect, [])
    .option('--json', 'as lines of JSON', false)
    .action(async (set: string, flags: DriftFlags) => {
      const { drift } = await import('./drift.ts')
      facts.exit(await drift(set, flags, facts))
    })
    .exitOverride()
}

/** An option that may be given again. */
function collect(value: string, all: readonly string[]): readonly string[] {
  return [...all, value]
}
