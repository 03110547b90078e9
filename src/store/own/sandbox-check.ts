/**
 * Finds out whether a Nix can build in a sandbox here, by a build that looks for a file of this machine. Whether kernel
 * and container let an unprivileged process have the namespaces of a sandbox depends on more than can be asked for:
 * seccomp, AppArmor, masked files of /proc, limits of namespaces.
 */
import { createHash, randomBytes } from 'node:crypto'
import { contentAddressedPath } from '../../core/nix/content-address.ts'
import { nixSystemOf } from '../../core/oci/nix-system.ts'
import { sha256Of } from '../../core/oci/sha256.ts'
import { headline } from '../complaints.ts'
import type { Store } from '../store.ts'

/** A build takes a tenth of a second. One that waits for Nix's lock on a store waits for another process. */
const LIMIT_MS = 60_000
const NAME = 'pushless-sandbox-check'
/** Builds see nothing outside of the sandbox. It has a shell here, by the configuration of Nix. */
const SCRIPT =
  'if [ -e "$unseen" ]; then echo "a build sees $unseen" >&2; exit 1; fi; printf %s "$text" >"$out"'
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }

/**
 * @param store whose Nix must not fall back to builds without a sandbox.
 * @param unseen a file of this machine that no derivation names.
 * @returns why there is no sandbox, or nothing where there is one.
 * @throws RegistryError `unavailable` where Nix doesn't answer.
 */
export async function whyNoSandbox(
  store: Pick<Store, 'add' | 'build'>,
  unseen: string = process.execPath,
): Promise<string | undefined> {
  const signal = AbortSignal.timeout(LIMIT_MS)
  const content = Buffer.from(derivationText(unseen))
  const derivation = await store.add(
    {
      name: `${NAME}.drv`,
      method: 'text',
      references: [],
      content: (async function* () {
        yield content
      })(),
    },
    signal,
  )
  let said: string | undefined
  const outcome = await store.build(
    derivation,
    'out',
    (event) => {
      if (event.kind === 'log' && event.derivation !== undefined) said = event.line
    },
    signal,
  )
  return outcome.kind === 'done' ? undefined : (said ?? headline(outcome.message))
}

/** A derivation that was never built before, since its text is new each time. */
function derivationText(unseen: string): string {
  const text = randomBytes(16).toString('hex')
  const hash = sha256Of(createHash('sha256').update(text).digest())
  const out = contentAddressedPath(NAME, { method: 'flat', hash }, [])
  if (out === undefined) throw new Error(`${NAME} is no name in a store`)
  const system = nixSystemOf({
    os: process.platform,
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
  })
  const env = {
    name: NAME,
    out,
    outputHash: hash,
    outputHashAlgo: 'sha256',
    outputHashMode: 'flat',
    text,
    unseen,
  }
  const fields = Object.entries(env).map(([key, value]) => `(${quoted(key)},${quoted(String(value))})`)
  return `Derive([("out",${quoted(out)},"sha256",${quoted(hash)})],[],[],${quoted(system)},"/bin/sh",["-c",${quoted(SCRIPT)}],[${fields.join(',')}])`
}

/** The form of strings in derivations has the escapes of JSON. */
function quoted(text: string): string {
  return JSON.stringify(text)
}
