/** `pushless key`: makes a key to sign with, and prints the public key that verifies. */
import { access, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { RegistryError } from '../../core/errors/errors.ts'
import { systemReason } from '../../core/errors/system-error.ts'
import { generateSecretKey, readSecretKey } from '../../insight/signing/signing-key.ts'

export type KeyOptions = {
  /** The name of a key that is made; defaults to that of the file. */
  readonly name: string | undefined
  readonly form: 'pem' | 'nix'
}

const MODE = 0o600
/** As Nix has names of keys: anything but a colon, and no spaces, for lists of keys. */
const NAME = /^[^:\s]+$/

/** @throws RegistryError `unavailable` for a file that can't be used, `name-invalid` for a name that no key can have. */
export async function key(file: string, { name = basename(file), form }: KeyOptions): Promise<void> {
  if (!NAME.test(name))
    throw new RegistryError('name-invalid', `the name of a key has no colon and no spaces: ${name}`)
  const isThere = await access(file).then(
    () => true,
    () => false,
  )
  if (!isThere) {
    await make(file, name)
    process.stderr.write(`made ${file}: keep it secret; the public key follows\n`)
  }
  const { publicPem, publicNix } = readSecretKey(file)
  if (form === 'pem') process.stdout.write(publicPem)
  else if (publicNix !== undefined) process.stdout.write(`${publicNix}\n`)
  else throw new RegistryError('unsupported', `${file}: a key in PEM has no name, which Nix's form needs`)
}

/** Never replaces a file. */
async function make(file: string, name: string): Promise<void> {
  try {
    const handle = await open(file, 'wx', MODE)
    try {
      await handle.writeFile(`${generateSecretKey(name)}\n`)
    } finally {
      await handle.close()
    }
  } catch (cause) {
    throw new RegistryError('unavailable', `${file}: ${systemReason(cause) ?? 'cannot be written'}`, {
      cause,
    })
  }
}
