#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
/** The process: arguments and environment in, exit status out. Beside prepare-node.ts, the only file that reads either. */
import './prepare-node.ts'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CommanderError } from 'commander'
import { runProgram } from './cli/program.ts'
import { UsageError } from './cli/usage-error.ts'
import { SettingsError } from './settings/settings-error.ts'
import { messageChain } from './core/errors/error-chain.ts'
import { RegistryError } from './core/errors/errors.ts'

/** Wrong usage, as shells and most tools have it. */
const EXIT_USAGE = 2

try {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  await runProgram(process.argv.slice(2), {
    environment: process.env,
    isRoot: process.getuid?.() === 0,
    version,
    // Above src/ and dist/ alike.
    library: fileURLToPath(new URL('..', import.meta.url)),
    exit: (status) => (process.exitCode = status),
  })
} catch (error) {
  process.exitCode = report(error)
}

function report(error: unknown): number {
  // Commander has printed the error, or the requested help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE
  const isUsage = error instanceof SettingsError || error instanceof UsageError
  // Errors of usage are complete sentences already.
  const text = isUsage ? error.message : messageChain(error)
  const detail = error instanceof RegistryError && error.detail !== undefined ? describe(error.detail) : ''
  process.stderr.write(`pushless: ${text}${detail}\n`)
  return isUsage ? EXIT_USAGE : 1
}

function describe(detail: NonNullable<RegistryError['detail']>): string {
  return Object.entries(detail)
    .map(([key, value]) => `\n  ${key}: ${Array.isArray(value) ? value.join('\n    ') : String(value)}`)
    .join('')
}
