/**
 * The certificates of authorities, for packages that bring them along: nixpkgs' `cacert` has them in a file that no
 * program looks for, because on NixOS the system names it.
 */
import { isList, type Json } from '../core/json.ts'
import { asByteString } from '../core/byte-string.ts'
import { compareByName, type StorePath } from '../core/nix/store-path.ts'
import type { ClosureFiles } from '../source/files/closure-files.ts'
import type { Source } from '../source/source.ts'

/** The place of the bundle in nixpkgs' `cacert` (`nss-cacert-<version>`), and in joined packages that hold it. */
const BUNDLE = 'etc/ssl/certs/ca-bundle.crt'
const VARIABLE = 'SSL_CERT_FILE'

/** The variable to set: of several bundles that of the last package by name, on every machine the same. */
export async function certificateVariables(
  { config }: Source,
  closure: readonly { readonly path: StorePath }[],
  files: ClosureFiles,
): Promise<readonly string[]> {
  if (config.kind !== 'made' || config.findCertificates !== true) return []
  const paths = closure.map(({ path }) => path).sort(compareByName)
  const found = await Promise.all(
    paths.map(async (path) => {
      const bundle = asByteString(`${path}/${BUNDLE}`)
      return (await files.find(bundle)) === undefined ? [] : [bundle]
    }),
  )
  return found
    .flat()
    .slice(-1)
    .map((bundle) => `${VARIABLE}=${bundle}`)
}

/** The source with variables more. */
export function withVariables(source: Source, variables: readonly string[]): Source {
  const { config } = source
  if (config.kind !== 'made' || variables.length === 0) return source
  const present = config.config['Env'] ?? []
  const env: readonly Json[] = [...(isList(present) ? present : []), ...variables]
  return { ...source, config: { ...config, config: { ...config.config, Env: env } } }
}
