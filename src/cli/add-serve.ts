/** Defines `serve` on the command line. It is apart from the other commands, since a server needs no other one. */
import type { Command } from 'commander'
import type { ProcessFacts } from './process-facts.ts'
import { settingsFrom, withSettings } from './setting-options.ts'
import { terminalOf } from './terminal.ts'

export function addServe(program: Command, facts: ProcessFacts): void {
  withSettings(program.command('serve'))
    .description('serve images to containerd, CRI-O, podman, Docker and every other OCI client')
    .action(async (options: object) => {
      const settings = settingsFrom(options, facts)
      const { serve } = await import('./serve.ts')
      await serve(settings, terminalOf(facts.environment) === 'color', facts.version)
    })
}
