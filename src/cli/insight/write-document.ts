/** Writes a JSON document: its own bytes to a file or pipe, indented to a terminal. */
export function writeDocument(bytes: Buffer): void {
  const { stdout } = process
  stdout.write(stdout.isTTY ? `${JSON.stringify(JSON.parse(bytes.toString()), null, 2)}\n` : bytes)
}
