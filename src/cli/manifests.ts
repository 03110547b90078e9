/** `pushless manifests …`: what is done to Kubernetes manifests without a registry. One command a file beside this one. */
import type { Command } from 'commander'
import { addApps } from './manifests-apps.ts'

const SUBCOMMANDS: readonly ((manifests: Command) => void)[] = [addApps]

export function addManifests(program: Command): void {
  const manifests = program.command('manifests').description('make, change and check Kubernetes manifests')
  for (const add of SUBCOMMANDS) add(manifests)
  manifests.exitOverride()
}
