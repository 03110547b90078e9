/** JSON as Python and Go write it; the expectations are their own. */
import type { Json } from '../../src/core/json.ts'
import { execa } from 'execa'
import t from 'tap'
import { goJson, goStruct } from '../../src/source/nix2container/go-json.ts'
import { pythonJson } from '../../src/source/streamed-image/python-json.ts'
import { missing } from '../support/requirement.ts'

const VALUE: Json = {
  z: [],
  a: {},
  list: [1, -2, 0.5, true, false, null, 'x'],
  nested: { deep: { er: [{ b: '' }, []] } },
  kéy: 'ü 日本 😀 \u2028 \u007f \u0001 \b\f\n\r\t "\\/ <&> \ud800',
}

void t.test('Python', async (t) => {
  t.equal(
    pythonJson({ b: [], a: { c: ['ü'] } }),
    '{\n    "b": [],\n    "a": {\n        "c": [\n            "\\u00fc"\n        ]\n    }\n}',
  )
})

void t.test('as Python itself', { skip: missing('python3') }, async (t) => {
  const program = 'import json,sys; sys.stdout.write(json.dumps(json.load(sys.stdin), indent=4))'
  const { stdout } = await execa('python3', ['-c', program], { input: JSON.stringify(VALUE) })
  t.equal(pythonJson(VALUE), stdout)
})

void t.test('Go', async (t) => {
  t.equal(
    goJson({ z: 1, '10': 'ten', '9': '<&>', a: ['\u2028', 'ü', null], é: {} }),
    '{"10":"ten","9":"\\u003c\\u0026\\u003e","a":1}'.replace(
      '"a":1',
      '"a":["\\u2028","ü",null],"z":1,"é":{}',
    ),
  )
  t.equal(
    goStruct({ b: 'x', a: 1, empty: '', none: [], nothing: {}, no: false, zero: 0 }, [
      'a',
      'b',
      'empty',
      'none',
      'nothing',
      'no',
      'zero',
      'absent',
    ]),
    '{"a":1,"b":"x"}',
  )
})
