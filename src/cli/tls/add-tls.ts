/** The commands about TLS. */
import type { Command } from 'commander'

type SelfSignedFlags = { readonly output: string; readonly days: string; readonly client: readonly string[] }

export function addTls(program: Command): void {
  const tls = program.command('tls').description('make certificates for HTTPS').exitOverride()
  tls
    .command('self-signed')
    .description(
      'make a certificate for a first try, and the authority that clients then trust; renews it, if it is there',
    )
    .argument(
      '[name...]',
      'host names and IP addresses of the registry; the default is this machine and nix.internal',
    )
    .option('-o, --output <directory>', 'where ca.crt, tls.crt and tls.key go', 'tls')
    .option('--days <days>', 'how long the certificates are valid', '365')
    .option('--client <name...>', 'also make a certificate for a client of this name', [])
    .action(async (names: readonly string[], { output, days, client }: SelfSignedFlags) => {
      const { selfSigned } = await import('./self-signed.ts')
      await selfSigned({ names, directory: output, days, clients: client })
    })
    .exitOverride()
}
