/** The OCI code of an error's body. */
export function errorCode(body: string): string | undefined {
  const parsed = JSON.parse(body) as { errors?: readonly { code?: string }[] }
  return parsed.errors?.[0]?.code
}
