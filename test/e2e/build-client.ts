/** Builds of derivations that nobody built before, and what a server tells of them. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryUrl } from './client.ts'
import { nixInstantiate } from '../support/nix.ts'
import type { Pushless } from '../support/registry-process.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

/** Instantiates `text`, which is Nix with `run NAME ATTRIBUTES SCRIPT` in it. @returns the path of the derivation. */
export async function derivation(scope: Scope, text: string): Promise<string> {
  const file = join(await temporaryDirectory(scope, 'builds'), 'default.nix')
  await writeFile(
    file,
    `let run = name: attributes: script: derivation ({
       name = "\${name}-${process.pid}"; system = builtins.currentSystem; salt = "${Date.now()}";
       builder = "/bin/sh"; args = [ "-euc" script ]; PATH = "/usr/bin:/bin"; } // attributes);
     in ${text}`,
  )
  return nixInstantiate(file)
}

export async function pull(server: Pushless, drv: string): Promise<Response> {
  return fetch(`${repositoryUrl(server.url, drv)}/manifests/nix`)
}

export function hashOf(drv: string): string {
  return drv.slice('/nix/store/'.length).slice(0, 32)
}

export function buildUrl(server: Pushless, drv: string): string {
  return `${server.url}/builds/${drv.slice('/nix/store/'.length)}`
}

export async function logOf(server: Pushless, drv: string): Promise<string> {
  return (await fetch(buildUrl(server, drv), { headers: { accept: 'text/plain' } })).text()
}

export async function stateOf(server: Pushless, drv: string): Promise<string | undefined> {
  const response = await fetch(buildUrl(server, drv))
  return ((await response.json()) as { state?: string }).state
}
