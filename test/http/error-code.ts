/** The OCI code in an error's body; `undefined` where there is none. */
export function errorCode(body: string): string | undefined {
  const parsed = JSON.parse(body) as { errors?: readonly { code?: string }[] }
  return parsed.errors?.[0]?.code
}
