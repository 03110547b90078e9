/** `pushless scan` and `pushless advisories`: their options. */
import { Option, type Command } from 'commander'
import { THRESHOLDS } from '../../insight/vulnerability/finding/thresholds.ts'
import type { ProcessFacts } from '../process-facts.ts'
import { insightCommand } from '../insight/add-insight.ts'
import { settingsFrom } from '../setting-options.ts'
import { ADVISORIES, SCAN_FORMATS, type ScanFlags } from './scan-options.ts'

type UpdateFlags = { readonly advisories: string; readonly from: readonly string[]; readonly fresh: boolean }

export function addScan(program: Command, facts: ProcessFacts): void {
  insightCommand(program, 'scan')
    .description('list the vulnerabilities of images, by advisories that are on this machine')
    .argument(
      '[what...]',
      'images as for inspect, or CycloneDX documents that pushless sbom wrote; with --fleet: manifests, output of kubectl get pods -o json, or files with an image on each line; with --fleet and --registry, none for all images that the registry knows',
    )
    .option('--token-file <file>', 'for the list of images that a registry knows', '')
    .option('--advisories <directory>', 'where the advisories are', ADVISORIES)
    .option('--fleet', 'the arguments name files that list images; group findings by component', false)
    .option('--has <query>', 'with --fleet: only list images that have a component, such as openssl<3.0.14')
    .option(
      '--compare <what>',
      'a newer image, or file of pushless sbom: mark findings that it no longer has',
    )
    .addOption(new Option('--format <format>', 'of the output').choices(SCAN_FORMATS).default('table'))
    .addOption(
      new Option(
        '--fail-on <threshold>',
        'exit with status 3 for findings of this severity or worse, or that are known to be exploited',
      ).choices(THRESHOLDS),
    )
    .option('--possible', 'show findings that are only possible, such as those by name alone', false)
    .option(
      '--sarif-driver <name>',
      'name of the tool in SARIF; Ratify reads severities of trivy and grype alone',
      'pushless',
    )
    .option('--host <host>', 'what the registry is called in manifests, beside nix.internal', collect, [])
    .action(async (what: readonly string[], flags: ScanFlags) => {
      const settings = settingsFrom(flags, facts)
      const { scan } = await import('./scan.ts')
      facts.exit(await scan(what, settings, flags, facts.version))
    })

  const advisories = program
    .command('advisories')
    .description('keep the advisories that pushless scan uses')
    .exitOverride()
  advisories
    .command('update')
    .description('load files of NVD, OSV, KEV and OpenVEX into the database of a directory')
    .requiredOption(
      '--from <what>',
      'a directory, a file, or the URL of a file; may be given again',
      collect,
      [],
    )
    .option('--advisories <directory>', 'where the database is', ADVISORIES)
    .option('--fresh', 'forget what was loaded before', false)
    .action(async ({ from, advisories: directory, fresh: isFresh }: UpdateFlags) => {
      const { updateFrom } = await import('./advisories-update.ts')
      await updateFrom(from, directory, isFresh)
    })
    .exitOverride()
}

/** An option that may be given again. */
function collect(value: string, all: readonly string[]): readonly string[] {
  return [...all, value]
}
