/** The commands about the file of --auth: what to write into it, and what it decides. */
import type { Command } from 'commander'
import type { ProcessFacts } from '../process-facts.ts'

type CheckFlags = {
  readonly as: string
  readonly system?: string
  readonly json?: boolean
}

export function addAuth(program: Command, facts: ProcessFacts): void {
  const auth = program
    .command('auth')
    .description('make the hashes of passwords and tokens for the file of --auth')
    .exitOverride()
  auth
    .command('password')
    .description('read a password from standard input, and print its bcrypt hash')
    .action(async () => {
      const { hashPassword } = await import('./hash-secrets.ts')
      process.stdout.write(`${await hashPassword(process.stdin)}\n`)
    })
    .exitOverride()
  auth
    .command('token')
    .description('make a token, and print it and its hash; with --hash, hash the one on standard input')
    .option('--hash', 'read a token instead of making one')
    .action(async ({ hash = false }: { readonly hash?: boolean }) => {
      const { hashToken, makeToken } = await import('./hash-secrets.ts')
      process.stdout.write(hash ? `${await hashToken(process.stdin)}\n` : makeToken())
    })
    .exitOverride()

  const policy = program
    .command('policy')
    .description('say what the rules of the file of --auth decide')
    .exitOverride()
  policy
    .command('check')
    .description('say what a subject may do with an image, and by which rule; 1 if it may not pull it')
    .argument('<file>', 'the file of --auth')
    .argument('<ref>', 'image name, store path, hash, or a link to a store path such as ./result')
    .requiredOption(
      '--as <subject>',
      'as the log names it: user:ci, service-account:team-a/default, anonymous',
    )
    .option('--system <system>', 'the system of the image or of its derivation, such as x86_64-linux')
    .option('--json', 'as one JSON document')
    .action(async (file: string, ref: string, { as, system, json = false }: CheckFlags) => {
      const { checkPolicy } = await import('./check-policy.ts')
      await checkPolicy({ file, ref, subject: as, system, json }, facts)
    })
    .exitOverride()
}
