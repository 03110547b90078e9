/** Images for several platforms: how Nix makes them, and what a pull of one gives and begins. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryUrl, sha256 } from './client.ts'
import type { BuiltDescriptor } from '../support/layout-builder.ts'
import { until } from './until.ts'
import { busybox, nixBuild, nixInstantiate, nixStore } from '../support/nix.ts'
import type { Pushless } from '../support/registry-process.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

/** So that nothing of an earlier run is there. */
const RUN = `${process.pid}-${Date.now()}`

export type Entry = {
  readonly architecture: string
  /** What builds it, and what it needs; this machine by default. */
  readonly system?: string
  readonly dependencySystem?: string
  /** Which architecture the image itself says, where that is another one. */
  readonly says?: string
  readonly fails?: boolean
  /** Named by its path instead of its derivation. */
  readonly byPath?: boolean
}

type Made = {
  /** The file that lists the platforms, built. */
  readonly path: string
  /** By architecture. */
  readonly derivations: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
}

/** @param name makes it another one; the platforms' images are named `<name>-<architecture>.json`. */
export async function multiPlatform(scope: Scope, name: string, entries: readonly Entry[]): Promise<Made> {
  const file = join(await temporaryDirectory(scope, 'multi'), 'multi.nix')
  const shell = await busybox()
  await writeFile(
    file,
    `let
      shell = builtins.storePath ${shell};
      here = builtins.currentSystem;
      make = name: system: script: more: derivation ({ inherit name system; builder = "/bin/sh"; args = [ "-c" script ]; } // more);
      image = { architecture, system ? here, dependencySystem ? here, says ? architecture, fails ? false, byPath ? false }:
        make "${name}-\${architecture}.json" system (if fails then "echo broken; exit 1" else ''printf %s "$text" > $out'') {
          mark = "${RUN}";
          dependency = make "${name}-\${architecture}-dependency" dependencySystem "echo > $out" { mark = "${RUN}"; };
          text = builtins.toJSON {
            pushless = 1; name = "app"; architecture = says; os = "linux"; maxLayers = 10;
            contents = [ shell ];
            config.Entrypoint = [ "/bin/sh" "-c" "echo \${says}" ];
          };
        };
      entries = builtins.fromJSON ''${JSON.stringify(entries)}'';
      images = builtins.listToAttrs (map (entry: { name = entry.architecture; value = image entry; }) entries);
      name-of = entry:
        let it = images.\${entry.architecture}; in
        if entry.byPath or false then { image = "\${it}"; }
        else { derivation = builtins.unsafeDiscardOutputDependency it.drvPath; output = "out"; };
    in {
      inherit images;
      list = make "${name}.json" here ''printf %s "$text" > $out'' {
        text = builtins.toJSON {
          pushless = 1; name = "app";
          platforms = map (entry: { platform = { os = "linux"; inherit (entry) architecture; }; } // name-of entry) entries;
        };
      };
    }`,
  )
  const derivations: Record<string, string> = {}
  const outputs: Record<string, string> = {}
  for (const { architecture } of entries) {
    const derivation = await nixInstantiate(file, ['-A', `images.${architecture}`])
    derivations[architecture] = derivation
    outputs[architecture] = (await nixStore('--query', '--outputs', derivation))[0] ?? ''
  }
  const [path = ''] = await nixBuild(file, ['-A', 'list'])
  return { path, derivations, outputs }
}

type Index = {
  readonly digest: string
  readonly manifests: readonly (BuiltDescriptor & { platform: { architecture: string } })[]
}

/** What was begun, once as much as that is logged. */
export const begun = (server: Pushless, count: number) =>
  until(() => (works(server).length < count ? undefined : works(server).sort()))

/** The index that is served, with the digest of its bytes. */
export async function pullIndex(url: string, path: string, selector = 'nix'): Promise<Index> {
  const response = await fetch(`${repositoryUrl(url, path)}/manifests/${selector}`)
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`)
  const { manifests } = JSON.parse(text) as Index
  return { digest: sha256(text), manifests }
}

/** In the order of the index. */
export const architectures = ({ manifests }: Index) => manifests.map(({ platform }) => platform.architecture)

const works = ({ logs }: Pushless) =>
  logs.flatMap(({ msg, kind, work }) => (msg === 'nix' && kind === 'started' ? [String(work)] : []))
