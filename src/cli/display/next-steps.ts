/** Suggests the next commands to somebody who has just started the registry in a terminal. */

/** Addresses that are listened on, and that no client can connect to. */
const ANY_ADDRESS = /\/\/(?:0\.0\.0\.0|\[::\])(?=:)/

/** @param url where the registry listens. */
export function nextSteps(url: string): string {
  const reachable = url.replace(ANY_ADDRESS, '//127.0.0.1')
  const ca = url.startsWith('https:') ? '\n      ca = "/etc/containerd/certs.d/nix.internal/ca.crt"' : ''
  return `
  Show what would be served of an image, layer by layer:
    pushless inspect ./result

  Tell containerd where nix.internal is, in /etc/containerd/certs.d/nix.internal/hosts.toml:
    server = "${reachable}"
    [host."${reachable}"]
      capabilities = ["pull", "resolve"]${ca}

`
}
