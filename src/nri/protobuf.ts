/** Reads and writes messages of protobuf by pbf's readers and writers of fields. */
import { PbfReader, PbfWriter } from 'pbf'
import { ProtocolError } from './frame-parser.ts'

/** Reads a field into a message that is being built. Fields that it doesn't know are passed over. */
export type FieldReader<T> = (field: number, message: T, reader: PbfReader) => void

/** @throws ProtocolError for bytes that are no such message. */
export function readMessage<T>(bytes: Uint8Array, read: FieldReader<T>, message: T): T {
  const reader = new PbfReader(bytes)
  try {
    reader.readFields(read, message)
  } catch (cause) {
    throw new ProtocolError('a message that is no protobuf', { cause })
  }
  if (reader.pos > reader.length) throw new ProtocolError('a message that ends within a field')
  return message
}

export function writeMessage(write: (writer: PbfWriter) => void): Uint8Array {
  const writer = new PbfWriter()
  write(writer)
  return writer.finish()
}

/** Reads an entry of a `map<string, string>`. */
export function readMapEntry(reader: PbfReader, map: Map<string, string>): void {
  const entry = reader.readMessage(
    (field, found, inner) => {
      if (field === 1) found.key = inner.readString()
      else if (field === 2) found.value = inner.readString()
    },
    { key: '', value: '' },
  )
  map.set(entry.key, entry.value)
}
