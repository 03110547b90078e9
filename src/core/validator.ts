/**
 * Checks values by JSON Schemas. A schema is compiled for its first value, since most are not needed in a run.
 *
 * typebox/schema alone compiles them: typebox/compile also has codecs and conversions, and three times the code.
 */
import type { Static, TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/schema'

export type SchemaValidator<Schema extends TSchema> = {
  readonly Check: (value: unknown) => value is Static<Schema>
  readonly Errors: (value: unknown) => ReturnType<Validator['Errors']>[1]
  /** @throws TypeError for a value that the schema refuses. */
  readonly Parse: (value: unknown) => Static<Schema>
}

export function validatorOf<Schema extends TSchema>(schema: Schema): SchemaValidator<Schema> {
  let compiled: Validator<Schema, Static<Schema>> | undefined
  const validator = () => (compiled ??= Compile(schema))
  const errors = (value: unknown) => validator().Errors(value)[1]
  return {
    Check: (value): value is Static<Schema> => validator().Check(value),
    Errors: errors,
    Parse: (value) => {
      if (validator().Check(value)) return value
      const problems = errors(value).map(({ instancePath, message }) => `${instancePath} ${message}`.trim())
      throw new TypeError(problems.join(', '))
    },
  }
}
