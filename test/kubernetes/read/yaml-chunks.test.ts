import t from 'tap'
import { asYamlStream, manifestChunks } from '../../../src/kubernetes/read/yaml-chunks.ts'
import { processorMs } from '../../support/processor-time.ts'

void t.test('documents are separated as kubectl separates them', async (t) => {
  for (const [text, expected] of [
    ['', ['yaml 0 ']],
    ['a\n---\nb', ['yaml 0 a\n', 'yaml 6 b']],
    ['---\na\n--- # c\nb\n', ['yaml 4 a\n', 'yaml 14 b\n']],
    ['a\r\n---\r\nb', ['yaml 0 a\r\n', 'yaml 8 b']],
    ['a\n ---\nb', ['yaml 0 a\n ---\nb']],
    ['a\n--- b\nc', ['yaml 0 a\n', 'yaml 2 --- b\nc refused']],
    ['{"a": "}{"} {"b": [1]}\n', ['json 0 {"a": "}{"}', 'json 12 {"b": [1]}']],
    ['{"a": 1}\n---\nb', ['json 0 {"a": 1}', 'yaml 13 b']],
    ['{a: 1}\n---\n{"b": 1}', ['yaml 0 {a: 1}\n', 'yaml 11 {"b": 1}']],
    ['{"a": 1}{"b": 1}{c}', ['json 0 {"a": 1}', 'json 8 {"b": 1}', 'yaml 16 {c} refused']],
    ['{"a": "x', ['yaml 0 {"a": "x']],
  ] as const) {
    t.same(
      manifestChunks(text).map(
        (chunk) =>
          `${chunk.format} ${chunk.offset} ${chunk.text}${chunk.refusal === undefined ? '' : ' refused'}`,
      ),
      expected,
      JSON.stringify(text),
    )
  }
})

void t.test('a stream of JSON becomes one of YAML, and all else stays', async (t) => {
  t.equal(asYamlStream('{"a": 1} {"b": 2}'), '{"a": 1}\n---\n{"b": 2}')
  for (const text of ['{"a": 1}', 'a\n---\nb', '', '{a: b}']) t.equal(asYamlStream(text), text)
})

void t.test('many objects take linear time', async (t) => {
  const time = (n: number) => processorMs(() => t.equal(manifestChunks('{"a":[1]}\n'.repeat(n)).length, n))
  time(1000)
  t.ok(time(200_000) < 5000, '2 MB within seconds')
})
