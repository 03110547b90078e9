/**
 * The OCI distribution specification's own conformance suite (v1.1, the ginkgo one: `go test -c` in the directory
 * `conformance` of its repository gives the program), run read-only: the pull category, against an image that is there.
 *
 * The program isn't part of this project and isn't fetched by it: whoever has built it names it in
 * OCI_CONFORMANCE_SUITE.
 */
import { accessSync, constants } from 'node:fs'
import { execa } from 'execa'
import { temporaryDirectory } from './scope.ts'
import type { Scope } from './scope.ts'

export interface ConformanceTarget {
  readonly url: string
  /** The repository, e.g. `nix/store/…-busybox`. */
  readonly namespace: string
  /** A tag of it, which must mean the manifest below. */
  readonly tag: string
  readonly manifestDigest: string
  /** A blob of that manifest. */
  readonly blobDigest: string
}

export interface ConformanceResult {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly output: string
}

/** A right registry ran the pull category in under a second. */
const SUITE_LIMIT_MS = 120_000

/** The reason why the suite can't run here, or false. */
export function missingConformanceSuite(): string | false {
  const program = process.env['OCI_CONFORMANCE_SUITE']
  if (!program) return 'needs the OCI conformance suite: OCI_CONFORMANCE_SUITE names no program'
  try {
    accessSync(program, constants.X_OK)
    return false
  } catch {
    return `needs the OCI conformance suite: OCI_CONFORMANCE_SUITE is ${program}, which can't be run`
  }
}

/** @throws when the suite ends without a summary; failed specs are a result, not an error */
export async function runConformance(scope: Scope, target: ConformanceTarget): Promise<ConformanceResult> {
  const reason = missingConformanceSuite()
  if (reason !== false) throw new Error(reason)
  const { all: output } = await execa(process.env['OCI_CONFORMANCE_SUITE'] ?? '', ['-ginkgo.no-color'], {
    cwd: await temporaryDirectory(scope, 'conformance'),
    // All three of tag, manifest and blob are given, or the suite tries to push some first.
    env: {
      OCI_ROOT_URL: target.url,
      OCI_NAMESPACE: target.namespace,
      OCI_TAG_NAME: target.tag,
      OCI_MANIFEST_DIGEST: target.manifestDigest,
      OCI_BLOB_DIGEST: target.blobDigest,
      OCI_TEST_PULL: '1',
      OCI_TEST_PUSH: '0',
      OCI_TEST_CONTENT_DISCOVERY: '0',
      OCI_TEST_CONTENT_MANAGEMENT: '0',
      OCI_DEBUG: '0',
      OCI_REPORT_DIR: 'none',
    },
    all: true,
    reject: false,
    stdin: 'ignore',
    timeout: SUITE_LIMIT_MS,
  })
  const summary = /(\d+) Passed \| (\d+) Failed \| \d+ Pending \| (\d+) Skipped/.exec(output)
  if (summary === null) throw new Error(`the conformance suite gave no summary:\n${output}`)
  return { passed: Number(summary[1]), failed: Number(summary[2]), skipped: Number(summary[3]), output }
}
