/** A real sshd of the test's own on loopback, for root, with one key. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { startDaemon } from './daemon.ts'
import { freePort } from './free-port.ts'
import { searchPath } from './requirement.ts'
import { temporaryDirectory, type Scope } from './scope.ts'

export type SshServer = {
  readonly port: number
  /** A file with the private key that the server lets in. */
  readonly keyFile: string
  /** The public key of the host, as known_hosts has it after the names. */
  readonly hostKey: string
  /** A directory of the server's that ends with the scope. */
  readonly directory: string
}

export async function startSshServer(scope: Scope): Promise<SshServer> {
  const directory = await temporaryDirectory(scope, 'sshd')
  const [host, keyFile] = [join(directory, 'host'), join(directory, 'key')]
  for (const file of [host, keyFile])
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file])
  const port = await freePort()
  // The directory that sshd gives away its rights in.
  await mkdir('/run/sshd', { recursive: true })
  const config = join(directory, 'sshd_config')
  const lines = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${host}`,
    `AuthorizedKeysFile ${keyFile}.pub`,
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    'UsePAM no',
    // The directory is below /tmp.
    'StrictModes no',
    'PidFile none',
  ]
  await writeFile(config, `${lines.join('\n')}\n`)
  const [sshd] = (await execa('which', ['sshd'], { env: { PATH: searchPath() } })).stdout.split('\n')
  if (sshd === undefined) throw new Error('no sshd')
  await startDaemon(scope, {
    // It demands its absolute path.
    command: [sshd, '-D', '-e', '-f', config],
    ready: (line) => (line.startsWith('Server listening on') ? true : undefined),
  })
  return { port, keyFile, hostKey: (await readFile(`${host}.pub`, 'utf8')).trim(), directory }
}
