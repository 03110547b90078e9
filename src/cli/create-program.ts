/** The whole command line, for all but `serve`: one command a file beside this one, loaded when it is called. */
import { Argument, Option, type Command } from 'commander'
import type { Environment } from '../settings/read-settings.ts'
import type { SettingName } from '../settings/setting-table.ts'
import { FORMATS, type Format } from '../archive/archive-files.ts'
import { addAuth } from './auth/add-auth.ts'
import { addCatalogue } from './catalogue/add-catalogue.ts'
import { addDelivery } from './delivery/add-delivery.ts'
import { addInstall } from './install/add-install.ts'
import { addInsight } from './insight/add-insight.ts'
import { addManifests } from './manifests/manifests.ts'
import { addOperator } from './operator/add-operator.ts'
import { addServe } from './add-serve.ts'
import { newProgram, withHelp } from './new-program.ts'
import type { ProcessFacts } from './process-facts.ts'
import { registryUrl } from './registry-url.ts'
import { addScan } from './scan/add-scan.ts'
import { INSPECT, settingsFrom, withSettings } from './setting-options.ts'
import { SHELLS, type Shell } from './shell/shells.ts'
import { terminalOf } from './terminal.ts'
import { addTls } from './tls/add-tls.ts'
import { UsageError } from './usage-error.ts'

/** As long as the registry by default lets a build take. */
const DEFAULT_TIMEOUT_S = '7200'
/** Settings of `export`. The policy is among them, since it builds and fetches as the server does. */
const EXPORT: readonly SettingName[] = [
  ...INSPECT,
  'PUSHLESS_ALLOW_BUILDS',
  'PUSHLESS_DENY_FETCHES',
  'PUSHLESS_ALLOW_NAMES',
  'PUSHLESS_DENY_NAMES',
  'PUSHLESS_SYSTEMS',
  'PUSHLESS_REQUIRE_KEYS',
  'PUSHLESS_VERIFY',
]

export function createProgram(facts: ProcessFacts): Command {
  const program = newProgram(facts)
  addServe(program, facts)

  withSettings(program.command('inspect'), INSPECT)
    .description(
      'show what would be served: kind, config, each layer with its store paths, and how long each step took',
    )
    .argument('<ref>', 'image name, store path, hash, or a link to a store path such as ./result')
    .option('--json', 'as one JSON document')
    .action(async (ref: string, options: { readonly json?: boolean }) => {
      const settings = settingsFrom(options, facts)
      const { inspect } = await import('./inspect.ts')
      await inspect(ref, settings, options.json === true)
    })

  addInsight(program, facts)
  addScan(program, facts)

  withSettings(program.command('export'), EXPORT)
    .description(
      'write images to an archive for docker load, podman load or ctr image import; needs no server',
    )
    .argument('<ref...>', 'as for inspect; several share what they have in common')
    .option('-o, --output <path>', 'file, or directory for --format oci; standard output where none is named')
    .addOption(
      new Option('--format <format>', 'as skopeo names them; docker-archive holds an OCI layout as well')
        .choices(FORMATS)
        .default('docker-archive'),
    )
    .addOption(
      new Option(
        '--erofs <file>',
        'write the files of the image to a file that `mount -t erofs` takes, instead of an archive',
      ).conflicts(['output', 'name', 'gzip', 'zstd']),
    )
    .option('--name <name>', 'of the image in the archive, instead of the one that manifests have for it')
    .option(
      '--platform <os/arch[/variant]>',
      'of an image for several platforms, the one to write; this machine\u2019s where none is named',
    )
    .option('--force', 'replace what is there', false)
    .addOption(new Option('--gzip', 'compress the archive').conflicts('zstd'))
    .addOption(new Option('--zstd', 'compress the archive, several times faster than gzip'))
    .option('-q, --quiet', 'no progress on standard error', false)
    .option('--json', 'progress as lines of JSON on standard error', false)
    .action(async (names: readonly string[], options: ExportFlags) => {
      const { exportImages } = await import('./export.ts')
      const { erofs, format, name, platform, force: isForced } = options
      if (format === 'oci' && (options.gzip || options.zstd))
        throw new UsageError('--gzip and --zstd compress archives, and --format oci writes a directory')
      const encoding = options.gzip ? 'gzip' : options.zstd ? 'zstd' : undefined
      const progress = progressKind(options, facts.environment)
      const status = await exportImages(names, settingsFrom(options, facts), {
        output: erofs ?? options.output,
        format: erofs === undefined ? format : 'docker-archive',
        isFileSystem: erofs !== undefined,
        name,
        platform,
        isForced,
        encoding,
        progress,
      })
      facts.exit(status)
    })

  const { environment } = facts
  program
    .command('warm')
    .description(
      'have a running registry fetch or build images before they are pulled, and show how far it is',
    )
    .argument(
      '<what...>',
      'image name, store path, link to one; manifests to take names from: a file, a directory of them, or - for standard input',
    )
    .option('--registry <url>', 'where the registry is (PUSHLESS_REGISTRY)', registryUrl(environment))
    .option(
      '--host <host...>',
      'what the registry is called in manifests, beside nix.internal and by its URL',
      [],
    )
    .option('--timeout <seconds>', 'how long all may take; the registry goes on by itself', DEFAULT_TIMEOUT_S)
    .option('--token-file <file>', 'for registries that tell of their builds to who has the token', '')
    .option('--allow-empty', 'nothing to do is no error', false)
    .option('--json', 'lines of JSON on a terminal, too', false)
    .action(async (names: readonly string[], options: WarmFlags) => {
      const { warm } = await import('./warm/warm.ts')
      const { host: hosts, json, ...others } = options
      facts.exit(await warm(names, { ...others, hosts, terminal: json ? 'none' : terminalOf(environment) }))
    })
    .exitOverride()
  addManifests(program, facts)
  addCatalogue(program, facts)
  addDelivery(program, facts)
  addOperator(program, facts)
  addInstall(program, facts)
  addTls(program)
  addAuth(program, facts)
  program
    .command('completion')
    .description('print what makes a shell complete the commands and options of pushless')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action(async (shell: Shell) => {
      const { completion } = await import('./shell/completion.ts')
      process.stdout.write(completion(program, shell))
    })
    .exitOverride()
  program
    .command('man')
    .description('print the manual page, in the language of man(7)')
    .action(async () => {
      const { manualOf } = await import('./shell/completion.ts')
      process.stdout.write(manualOf(program, facts.version))
    })
    .exitOverride()
  return withHelp(program)
}

type WarmFlags = {
  readonly registry: string
  readonly host: readonly string[]
  readonly timeout: string
  readonly tokenFile: string
  readonly allowEmpty: boolean
  readonly json: boolean
}

type ExportFlags = {
  readonly output?: string
  readonly erofs?: string
  readonly format: Format
  readonly name?: string
  readonly platform?: string
  readonly force: boolean
  readonly gzip?: true
  readonly zstd?: true
  readonly quiet: boolean
  readonly json: boolean
}

function progressKind(
  { quiet, json }: Pick<ExportFlags, 'quiet' | 'json'>,
  environment: Environment,
): 'none' | 'json' | 'terminal' {
  if (quiet) return 'none'
  if (json) return 'json'
  return process.stderr.isTTY && terminalOf(environment) !== 'none' ? 'terminal' : 'none'
}
