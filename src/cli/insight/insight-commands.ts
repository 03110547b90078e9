/** The commands that tell what is in an image. Each is defined here, and done in a file of its own. */
import { Option, type Command } from 'commander'
import type { SettingName } from '../../settings/setting-table.ts'
import type { Settings } from '../../settings/settings.ts'
import { SBOM_FORMATS, type SbomFormat } from './sbom-formats.ts'

export type InsightCommands = {
  /** Adds flags for settings to a command. */
  readonly withSettings: (command: Command, names: readonly SettingName[]) => Command
  readonly settingsFrom: (options: object) => Settings
}

const READ: readonly SettingName[] = ['PUSHLESS_STATE', 'PUSHLESS_NIX', 'PUSHLESS_SERVE_PACKAGES']
const REF = 'as for inspect'

export function addInsights(program: Command, { withSettings, settingsFrom }: InsightCommands): void {
  withSettings(program.command('sbom'), READ)
    .description(
      'print the software bill of materials of an image: its store paths, sources, licences, patches and layers',
    )
    .argument('<ref>', REF)
    .addOption(
      new Option('--format <format>', 'CycloneDX 1.6 or SPDX 2.3, as JSON')
        .choices(SBOM_FORMATS)
        .default('cyclonedx'),
    )
    .action(async (ref: string, options: { readonly format: SbomFormat }) => {
      const { sbom } = await import('./sbom.ts')
      await sbom(ref, settingsFrom(options), options.format)
    })

  withSettings(program.command('provenance'), [...READ, 'PUSHLESS_SIGNING_KEY'])
    .description('print who made an image and from which sources (SLSA); with a key, as a signed bundle')
    .argument('<ref>', REF)
    .action(async (ref: string, options: object) => {
      const { provenance } = await import('./provenance.ts')
      await provenance(ref, settingsFrom(options))
    })

  program
    .command('key')
    .description('make a key to sign with, if the file is not there yet, and print its public key')
    .argument('<file>', 'the secret key: made with mode 0600, never replaced')
    .option('--name <name>', 'of a new key; the default is the name of the file')
    .addOption(
      new Option('--form <form>', 'of the public key: pem for cosign, nix for trusted-public-keys')
        .choices(['pem', 'nix'])
        .default('pem'),
    )
    .action(
      async (file: string, { name, form }: { readonly name?: string; readonly form: 'pem' | 'nix' }) => {
        const { key } = await import('./key.ts')
        await key(file, { name, form })
      },
    )
    .exitOverride()
}
