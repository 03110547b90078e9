/** Makes the manifests of applications that profiles have in themselves, by the Nix of this machine. */
import type { Json } from '../../core/json.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import { instantiateApps } from '../../kubernetes/app/app-file-build.ts'
import { AppFileError, readAppFile } from '../../kubernetes/app/app-file.ts'
import { NixFailure } from '../../kubernetes/app/run-nix.ts'
import { programMissing } from '../../store/missing-nix.ts'
import { builtPath, type MakeManifests } from './load-source.ts'
import { assertMayBuild, makeOutput } from './make-path.ts'
import { SourceError } from './source-error.ts'

export type AppOptions = {
  /** Directory that the Nix library is in. */
  readonly library: string
  /** Host that images are pulled from. */
  readonly registry: string
  readonly timeoutMs: number
}

type App = { readonly [key: string]: Json }

/** Applications whose path is remembered: an evaluation by Nix takes a second. */
const MAX_REMEMBERED = 1000

/** @returns a function that throws SourceError `InvalidApp`, `NixMissing` or `BuildFailed`. */
export function appSource(options: AppOptions): MakeManifests<App> {
  const known = new Map<string, StorePath>()
  return async (app, make) => {
    const text = JSON.stringify(app, null, 2)
    const before = known.get(text)
    if (before !== undefined && (await make.store.isValid(before))) return before
    assertMayBuild(make, 'spec.source.app')
    const derivation = await evaluate(text, make.onWork, options)
    // Built as each derivation is, so that the policy decides about it.
    const path = await makeOutput(derivation, 'out', make)
    known.delete(text)
    known.set(text, path)
    for (const old of known.keys()) {
      if (known.size <= MAX_REMEMBERED) break
      known.delete(old)
    }
    return path
  }
}

async function evaluate(
  text: string,
  onWork: (message: string) => void,
  options: AppOptions,
): Promise<StorePath> {
  try {
    // JSON is YAML, and the check of app.yaml names what is wrong.
    const documents = readAppFile(text, 'spec.source.app').map(({ value }) => value)
    onWork('evaluating the manifests of the application')
    return builtPath(await instantiateApps({ ...options, documents, mode: 'out', onNews: () => undefined }))
  } catch (cause) {
    if (cause instanceof AppFileError)
      throw new SourceError('InvalidApp', cause.message, { isFinal: true, cause })
    if (!(cause instanceof NixFailure)) throw cause
    const isMissing = cause.message === programMissing('nix-instantiate').message
    throw new SourceError(isMissing ? 'NixMissing' : 'BuildFailed', cause.message, {
      isFinal: isMissing,
      cause,
    })
  }
}
