/** `pushless policy check`: explains what the rules of an auth file decide, without a server and without a store. */
import { readFile } from 'node:fs/promises'
import { readAccessFile } from '../../access/file/read-access-file.ts'
import { decide, explain } from '../../access/policy/decide.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { referenceBase } from '../../core/oci/reference.ts'
import { parseImageArgument } from '../image-argument.ts'
import type { ProcessFacts } from '../process-facts.ts'
import { UsageError } from '../usage-error.ts'

export type PolicyCheck = {
  readonly file: string
  readonly ref: string
  readonly subject: string
  readonly system: string | undefined
  readonly json: boolean
}

/** Prints each rule that was looked at. The exit code is 1 if the subject may not pull the image. */
export async function checkPolicy(
  { file, ref, subject, system, json }: PolicyCheck,
  facts: ProcessFacts,
): Promise<void> {
  const rules = await rulesOf(file)
  const { reference } = await parseImageArgument(ref).catch((error: unknown) => {
    throw error instanceof RegistryError ? new UsageError(error.message) : error
  })
  const question = {
    subject,
    hash: reference.storeHash,
    name: reference.slug,
    systems: system === undefined ? undefined : [system],
  }
  const decision = decide(rules, question)
  const allow = decision.kind === 'decided' ? [...decision.allow] : [...decision.rule.allow]
  const needs = decision.kind === 'open' ? decision.needs : []
  if (json)
    process.stdout.write(
      `${JSON.stringify({ subject, image: referenceBase(reference), allow, dependsOn: needs, rule: decision.rule?.place ?? null })}\n`,
    )
  else {
    const verdict =
      allow.length === 0
        ? 'may not pull it, and sees the same answer as for a path that is not there'
        : `may ${allow.join(', ')} it${needs.length === 0 ? '' : `, if its ${needs.join(' and ')} match`}`
    process.stdout.write(`${[...explain(rules, question), `${subject} ${verdict}`].join('\n')}\n`)
  }
  if (!allow.includes('pull')) facts.exit(1)
}

async function rulesOf(file: string) {
  try {
    const { rules } = readAccessFile(await readFile(file, 'utf8'), file)
    if (rules !== undefined) return rules
  } catch (cause) {
    if (cause instanceof RegistryError) throw new UsageError(cause.message)
    throw new UsageError(`${file}: cannot be read`)
  }
  throw new UsageError(`${file}: has no rules, so every subject with the right to pull may pull everything`)
}
