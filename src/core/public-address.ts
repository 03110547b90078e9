/**
 * Returns an address without what may be a secret: user, password, and options such as the path of a key.
 * @param text the URL of a binary cache, or a machine as Nix names it: `ssh-ng://builder@host?ssh-key=…`, `user@host`.
 */
export function publicAddress(text: string): string {
  if (URL.canParse(text)) {
    const { protocol, host, pathname } = new URL(text)
    return `${protocol}//${host}${pathname === '/' ? '' : pathname}`
  }
  const [machine = ''] = text.split(/[?\s]/, 1)
  return machine.slice(machine.lastIndexOf('@') + 1)
}
