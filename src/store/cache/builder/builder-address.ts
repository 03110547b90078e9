/** How the Nix is reached that builds for the cache store. Source: Nix manual, "SSH Store". */

export type BuilderAddress =
  | { readonly kind: 'socket'; readonly path: string }
  /** A program that speaks the worker protocol on its standard input and output. */
  | { readonly kind: 'command'; readonly command: readonly string[] }

/** Nothing may ask for a password: nobody is there to answer. */
const SSH = ['ssh', '-x', '-T', '-o', 'BatchMode=yes']
const REMOTE_PROGRAM = 'nix-daemon'

/** @param text `unix:PATH`, `ssh-ng://[USER@]HOST[:PORT]`, or a command. @returns nothing for anything else. */
export function parseBuilder(text: string): BuilderAddress | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length).replace(/^\/\//, '')
    return path.startsWith('/') ? { kind: 'socket', path } : undefined
  }
  if (text.startsWith('ssh-ng://')) return sshBuilder(text)
  const command = text.split(' ').filter((word) => word !== '')
  return command.length === 0 || text.includes('://') ? undefined : { kind: 'command', command }
}

function sshBuilder(text: string): BuilderAddress | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  // A host that begins with a dash would be an option of ssh.
  if (url === undefined || !/^[a-z0-9[][a-z0-9.:\]_-]*$/i.test(url.hostname)) return undefined
  const { hostname, username, port, searchParams } = url
  if (!/^[a-z0-9._%-]*$/i.test(username) || username.startsWith('-')) return undefined
  const key = searchParams.get('ssh-key')
  const program = searchParams.get('remote-program') ?? REMOTE_PROGRAM
  return {
    kind: 'command',
    command: [
      ...SSH,
      ...(port === '' ? [] : ['-p', port]),
      ...(key === null ? [] : ['-i', key]),
      ...(username === '' ? [] : ['-l', decodeURIComponent(username)]),
      hostname.replace(/^\[|\]$/g, ''),
      '--',
      program,
      '--stdio',
    ],
  }
}
