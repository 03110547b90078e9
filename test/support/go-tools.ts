/**
 * Tools that read what a registry says about images, Helm, a server of S3, and the OCI conformance suite. No Debian has
 * them, so they are built from their Go modules: PUSHLESS_TEST_GO_TOOLS=build does it, or names a directory that has
 * them. The suite is built wherever Go is, since that takes seconds.
 */
import { execa } from 'execa'
import { builtProgram } from './built-programs.ts'
import { missing, searchPath } from './requirement.ts'

const MODULES = {
  oras: 'oras.land/oras/cmd/oras@v1.3.6',
  regctl: 'github.com/regclient/regclient/cmd/regctl@v0.11.7',
  helm: 'helm.sh/helm/v3/cmd/helm@v3.18.6',
  versitygw: 'github.com/versity/versitygw/cmd/versitygw@v1.8.0',
  cosign: 'github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3',
  registry: 'github.com/distribution/distribution/v3/cmd/registry@v3.1.2',
  // The module has no tags of its own. This is its commit of 31 August 2026.
  conformance: 'github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111',
} as const
export type GoTool = keyof typeof MODULES

export const GO_TOOLS: readonly GoTool[] = ['conformance', 'oras', 'regctl', 'helm', 'versitygw', 'cosign']
/** cosign takes three minutes of two cores that do nothing else. */
const BUILD_LIMIT_MS = 1_200_000
/** Built in six seconds with the download. */
const QUICK: ReadonlySet<GoTool> = new Set<GoTool>(['conformance'])
const QUICK_LIMIT_MS = 180_000

/** Returns the reason why there is no such tool here, or false. */
export async function missingTool(name: GoTool): Promise<string | false> {
  try {
    await goTool(name)
    return false
  } catch (error) {
    return `needs ${name}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`
  }
}

/** Returns the path of the tool. @throws where there is none */
export async function goTool(name: GoTool): Promise<string> {
  const module = MODULES[name]
  return builtProgram({
    name: `${name}-${module.slice(module.indexOf('@') + 1)}`,
    program: name,
    variable: 'PUSHLESS_TEST_GO_TOOLS',
    isQuick: QUICK.has(name),
    build: async (directory) => {
      const reason = missing('go')
      if (reason !== false) throw new Error(reason)
      await execa('go', ['install', '-trimpath', '-ldflags', '-s -w', module], {
        env: { PATH: searchPath(), GOBIN: directory, GOFLAGS: '', GOTOOLCHAIN: 'local' },
        timeout: QUICK.has(name) ? QUICK_LIMIT_MS : BUILD_LIMIT_MS,
      })
    },
  })
}
