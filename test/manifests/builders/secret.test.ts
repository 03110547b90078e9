import { testBuilder } from '../builder-table.ts'

testBuilder('secret', {
  gives: {
    'the least': [
      'secret { name = "db"; }',
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' }, type: 'Opaque' },
    ],
    'all that it has': [
      'secret { name = "db"; namespace = "prod"; type = "kubernetes.io/tls"; immutable = true; plainText = true; data."tls.crt" = "AAEC"; stringData."tls.key" = "key"; }',
      {
        apiVersion: 'v1',
        data: { 'tls.crt': 'AAEC' },
        immutable: true,
        kind: 'Secret',
        metadata: { name: 'db', namespace: 'prod' },
        stringData: { 'tls.key': 'key' },
        type: 'kubernetes.io/tls',
      },
    ],
  },
  refuses: {
    'no name': ['secret { plainText = true; stringData.a = "b"; }', 'secret: name is missing'],
    'data that is a string': [
      'secret { name = "db"; data = "a"; }',
      'secret "db": data is "a", expected an attribute set, key to text',
    ],
    'a key with a space': [
      'secret { name = "db"; stringData."a b" = "c"; }',
      `secret "db": a name in stringData is "a b", expected at most 253 letters, digits, - _ ., that isn't . and doesn't begin with ..`,
    ],
    'a value that is a set': [
      'secret { name = "db"; stringData.a = { }; }',
      'secret "db": stringData."a" is an attribute set, expected a string, a number, a boolean or the path of a file (for JSON: builtins.toJSON)',
    ],
    "data that isn't base64": [
      'secret { name = "db"; data.a = "geheim!"; }',
      'secret "db": data."a" is "geheim!", expected base64, as Kubernetes keeps it',
    ],
    'a certificate without key': [
      'secret { name = "db"; type = "kubernetes.io/tls"; plainText = true; stringData."tls.crt" = "a"; }',
      'secret "db": stringData has no tls.key, which type kubernetes.io/tls wants',
    ],
    'a key that is in both': [
      'secret { name = "db"; data.a = "AAEC"; stringData.a = "b"; }',
      'secret "db": "a" is both in data and in stringData',
    ],
  },
  warns: {
    'plain text': [
      'secret { name = "db"; stringData = { password = "a"; user = "b"; }; }',
      'warning: secret "db": password, user in plain text, readable by all in the Nix store; expected a Secret made in the cluster, or plainText = true',
    ],
    'plain text in base64': [
      'secret { name = "db"; data.password = "AAEC"; }',
      'warning: secret "db": password in plain text, readable by all in the Nix store; expected a Secret made in the cluster, or plainText = true',
    ],
    'nothing, where that is accepted': [
      'secret { name = "db"; plainText = true; stringData.password = "a"; }',
    ],
    'nothing, where nothing is in it': ['secret { name = "db"; }'],
  },
})
