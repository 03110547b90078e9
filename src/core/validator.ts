/** Checks values by JSON Schemas. A schema is compiled for its first value, since most are not needed in a run. */
import type { Static, TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'

export type SchemaValidator<Schema extends TSchema> = {
  readonly Check: (value: unknown) => value is Static<Schema>
  readonly Errors: Validator['Errors']
  /** @throws ParseError for a value that the schema refuses. */
  readonly Parse: (value: unknown) => Static<Schema>
}

export function validatorOf<Schema extends TSchema>(schema: Schema): SchemaValidator<Schema> {
  let compiled: ReturnType<typeof Compile<Schema>> | undefined
  const validator = () => (compiled ??= Compile(schema))
  return {
    Check: (value): value is Static<Schema> => validator().Check(value),
    Errors: (value) => validator().Errors(value),
    Parse: (value) => validator().Parse(value),
  }
}
