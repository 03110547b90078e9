/**
 * The OCI distribution specification's own conformance suite, run read-only: what it asks of pulls and of discovery
 * (tags, referrers), against an image that is there. Its checks of pushes and deletions are disabled.
 *
 * It isn't the suite for `go test`, which its authors have deprecated. That one can't check referrers that it hasn't
 * pushed itself, and accepts any certificate.
 */
import { execa } from 'execa'
import { goTool, missingTool } from './go-tools.ts'
import { temporaryDirectory, type Scope } from './scope.ts'

export type ConformanceTarget = {
  readonly url: string
  /** The repository, e.g. `nix/store/…-busybox`. */
  readonly repository: string
  /** A tag of it, which must mean the manifest below. */
  readonly tag: string
  readonly manifestDigest: string
  /** Blobs of that manifest. */
  readonly blobDigests: readonly string[]
  readonly login?: { readonly user: string; readonly password: string }
  /** File with the authority of the registry's certificate, which takes the place of those of the machine. */
  readonly authority?: string
}

export type ConformanceResult = {
  /** Names of checks, in order. A check that ran for several digests is there several times. */
  readonly passed: readonly string[]
  readonly failed: readonly string[]
  readonly output: string
}

/** The whole suite ran in under a second. */
const SUITE_LIMIT_MS = 60_000
const LEAF = /^ *OCI Conformance Test\/?(.*): (Pass|FAIL|Error|Skip|Disabled)$/

/** Returns the reason why the suite can't run here, or false. */
export async function missingConformanceSuite(): Promise<string | false> {
  return missingTool('conformance')
}

/** @throws Error where the suite ends without a result. Failed checks are a result, not an error. */
export async function runConformance(scope: Scope, target: ConformanceTarget): Promise<ConformanceResult> {
  const { protocol, host } = new URL(target.url)
  const { login, authority } = target
  // The exit status says nothing: this version panics after its summary, when it writes a report of images that it has
  // not pushed.
  const { all: output } = await execa(await goTool('conformance'), [], {
    cwd: await temporaryDirectory(scope, 'conformance'),
    env: {
      OCI_VERSION: '1.1',
      OCI_REGISTRY: host,
      OCI_TLS: protocol === 'https:' ? 'enabled' : 'disabled',
      OCI_REPO1: target.repository,
      OCI_API_PUSH: 'false',
      OCI_API_BLOBS_DELETE: 'false',
      OCI_API_MANIFESTS_DELETE: 'false',
      OCI_API_TAGS_DELETE: 'false',
      OCI_RO_DATA_TAGS: target.tag,
      OCI_RO_DATA_MANIFESTS: target.manifestDigest,
      OCI_RO_DATA_BLOBS: target.blobDigests.join(' '),
      OCI_RO_DATA_REFERRERS: target.manifestDigest,
      ...(login === undefined ? {} : { OCI_USERNAME: login.user, OCI_PASSWORD: login.password }),
      ...(authority === undefined ? {} : { SSL_CERT_FILE: authority }),
    },
    all: true,
    reject: false,
    stdin: 'ignore',
    timeout: SUITE_LIMIT_MS,
  })
  const results = output.split('\n').flatMap((line) => {
    const [, name, result] = LEAF.exec(line) ?? []
    return name === undefined ? [] : [{ name, result }]
  })
  if (results.length === 0) throw new Error(`the conformance suite gave no result:\n${output}`)
  const named = (...wanted: readonly string[]) =>
    results.filter(({ result = '' }) => wanted.includes(result)).map(({ name }) => name)
  return { passed: named('Pass'), failed: named('FAIL', 'Error'), output }
}
