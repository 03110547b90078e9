import t from 'tap'
import { refusal, withoutNix } from './nix-command.ts'
import { checkRefusals, type RefusalTable } from './refusal-table.ts'

const refusals: RefusalTable = {
  'no name': ['image { }', /^image: name is missing$/],
  'name with capitals': [
    'some { name = "Greeter"; }',
    /^image: name is "Greeter", expected .*such as "greeter"$/,
  ],
  'name with a plus': ['some { name = "gtk+3"; }', /such as "gtk-3"$/],
  'name with a doubled separator': ['some { name = "a..b"; }', /such as "a-b"$/],
  'name with a separator at its end': ['some { name = "a-"; }', /such as "a"$/],
  'name of nothing legal': ['some { name = "+++"; }', /such as "image"$/],
  'name that is empty': ['some { name = ""; }', /^image: name is "", expected/],
  'name that is a number': ['some { name = 1; }', /^image: name is 1, expected [^"]*$/],
  'name of 200 characters': [
    'some { name = builtins.concatStringsSep "" (builtins.genList (_: "a") 200); }',
    /^image: name is .*at most 199 of .*such as "a{199}"$/,
  ],
  'unknown argument': [
    'some { entryPoint = [ ]; }',
    /^image: argument "entryPoint" unknown, there are: .*\bentrypoint\b.*\blinks\b/,
  ],

  'contents not a list': ['some { contents = hello; }', /^image: contents is a derivation, expected a list/],
  'contents with a number': [
    'some { contents = [ 1 ]; }',
    /^image: an item of contents is 1, expected a derivation/,
  ],
  'contents with a relative string': [
    'some { contents = [ "bin" ]; }',
    /an item of contents is "bin", expected/,
  ],
  'contents with a path inside a store path': [
    'some { contents = [ "${hello}/bin" ]; }',
    /an item of contents is ".*-hello\/bin", expected a derivation or a store path/,
  ],
  'contents with a set': [
    'some { contents = [ { a = 1; } ]; }',
    /an item of contents is an attribute set, expected/,
  ],
  'contents that is content-addressed': [
    'some { contents = [ floating ]; }',
    /^image: an item of contents is a derivation, expected one whose output path is known when evaluating/,
  ],

  'fromImage a number': [
    'some { fromImage = 1; }',
    /^image: fromImage is 1, expected a derivation or a store path/,
  ],
  'fromImage for another architecture': [
    'some { fromImage = some { architecture = "arm64"; }; }',
    /^image: fromImage is an image for "arm64", expected one for "amd64"$/,
  ],
  'fromImage for other platforms': [
    'some { fromImage = image { name = "a"; system = "x86_64-linux"; platforms = { "linux/arm64" = hello; "linux/arm/v7" = hello; }; }; }',
    /^image: fromImage has images for "linux\/arm\/v7", "linux\/arm64", expected one for "linux\/amd64"$/,
  ],
  'fromImage for several platforms by derivation': [
    'some { fromImage = image { name = "a"; system = "x86_64-linux"; platforms."linux/amd64" = { image = some { }; mode = "drv"; }; }; }',
    /^image: fromImage has its image for "linux\/amd64" in mode "drv", expected "out"$/,
  ],
  'fromImageTag alone': [
    'some { fromImageTag = "x"; }',
    /^image: fromImageTag is given, and fromImage is not$/,
  ],
  'fromImageTag a number': [
    'some { fromImage = hello; fromImageTag = 1; }',
    /^image: fromImageTag is 1, expected/,
  ],

  'layers a list of paths': [
    'some { layers = [ hello ]; }',
    /^image: an item of layers is a derivation, expected a list/,
  ],
  'layers not a list': [
    'some { layers = hello; }',
    /^image: layers is a derivation, expected a list of lists/,
  ],
  'an empty layer': [
    'some { layers = [ [ ] ]; }',
    /^image: an item of layers is a list, expected .* that isn't empty$/,
  ],
  'a layer with a number': [
    'some { layers = [ [ 1 ] ]; }',
    /^image: an item of a layer in layers is 1, expected/,
  ],
  'a path in two layers': [
    'some { layers = [ [ hello ] [ "${hello}" ] ]; }',
    /^image: ".*-hello" is twice in layers, expected once$/,
  ],
  'as many layers as there may be': [
    'some { layers = [ [ hello ] ]; maxLayers = 1; }',
    /^image: the number of layers is 1, expected less than maxLayers, which is 1$/,
  ],
  'nixDatabase a string': [
    'some { nixDatabase = "yes"; }',
    /^image: nixDatabase is "yes", expected true or false$/,
  ],
  'created now': ['some { created = "now"; }', /^image: created is "now", expected a time in RFC 3339/],
  ...Object.fromEntries(
    [
      '2026-13-31T12:00:00Z',
      '2026-00-31T12:00:00Z',
      '2026-02-30T12:00:00Z',
      '2026-02-29T12:00:00Z',
      '1900-02-29T12:00:00Z',
      '2026-04-31T12:00:00Z',
      '2026-01-00T12:00:00Z',
      '2026-01-31T24:00:00Z',
      '2026-01-31T12:60:00Z',
      '2016-12-31T23:59:60Z',
      '2026-01-31T12:00:00+24:00',
      '2026-01-31T12:00:00+25:61',
    ].map((created) => [
      `created ${created}`,
      [`some { created = "${created}"; }`, /^image: created is ".*", expected a time in RFC 3339/] as const,
    ]),
  ),
  'contents a file of this machine': [
    'some { contents = [ ./package.json ]; }',
    /^image: an item of contents is a file, [0-9a-z]{32}-package\.json, expected a directory/,
  ],
  'contents a file by its hash': [
    'some { contents = [ (hello // { outputHash = "sha256-x"; outputHashMode = "flat"; }) ]; }',
    /^image: an item of contents is a file, /,
  ],
  'contents a text of nixpkgs': [
    'some { contents = [ (hello // { text = "x"; passAsFile = [ "text" ]; destination = ""; }) ]; }',
    /^image: an item of contents is a file, /,
  ],
  'a variable with more digits than Nix writes': [
    'some { env.A = 0.30000000000000004; }',
    /^image: env\."A" is 0\.3, expected a string with all its digits: Nix writes six digits of a fraction$/,
  ],
  'a platform by another variant': [
    'some { platforms."linux/arm/v7" = image { name = "a"; system = "armv6l-linux"; }; }',
    /^image: platforms\."linux\/arm\/v7" is an image for "arm\/v6", expected one for "arm\/v7"$/,
  ],
  'a platform twice': [
    'some { platforms = { "linux/arm64" = image { name = "a"; system = "aarch64-linux"; }; "linux/arm64/v8" = image { name = "a"; system = "aarch64-linux"; }; }; }',
    /^image: platforms names linux\/arm64\/v8 twice, expected each platform once$/,
  ],
  'author a number': ['some { author = 1; }', /^image: author is 1, expected a string$/],

  'platforms empty': [
    'some { platforms = { }; }',
    /^image: platforms is an attribute set, expected an attribute set, "/,
  ],
  'platforms a list': ['some { platforms = [ ]; }', /^image: platforms is a list, expected/],
  'platforms beside contents': [
    'some { platforms."linux/amd64" = some { }; contents = [ ]; }',
    /^image: contents is given beside platforms, expected in the images that these name$/,
  ],
  'platform of a system': [
    'some { platforms.x86_64-linux = some { }; }',
    /^image: a name in platforms is "x86_64-linux", expected "linux\/<architecture>"/,
  ],
  'platform unknown': [
    'some { platforms."linux/aarch64" = some { }; }',
    /"linux\/aarch64", expected .*arm64/,
  ],
  'platform with another image': [
    'some { platforms."linux/arm64" = some { }; }',
    /^image: platforms\."linux\/arm64" is an image for "amd64", expected one for "arm64"$/,
  ],
  'platform with a number': [
    'some { platforms."linux/arm64" = 1; }',
    /^image: platforms\."linux\/arm64" is 1, expected/,
  ],
  'platform without image': [
    'some { platforms."linux/arm64" = { mode = "drv"; }; }',
    /^image: platforms\."linux\/arm64"\.image is missing$/,
  ],
  'platform of another mode': [
    'some { platforms."linux/arm64" = { image = hello; mode = "x"; }; }',
    /^image: platforms\."linux\/arm64"\.mode is "x", expected "out" or "drv"/,
  ],
  'platform to be built, of a path': [
    'some { platforms."linux/arm64" = { image = "${hello}"; mode = "drv"; }; }',
    /^image: platforms\."linux\/arm64" is ".*-hello", expected a derivation, since mode is "drv"$/,
  ],

  'planner 3': ['some { planner = 3; }', /^image: planner is 3, expected 1 or 2$/],
  'planner a string': ['some { planner = "2"; }', /^image: planner is "2", expected 1 or 2$/],
  'maxLayers 0': [
    'some { maxLayers = 0; }',
    /^image: maxLayers is 0, expected a whole number from 1 to 120$/,
  ],
  'maxLayers 121': ['some { maxLayers = 121; }', /^image: maxLayers is 121, expected/],
  'maxLayers a string': ['some { maxLayers = "60"; }', /^image: maxLayers is "60", expected/],
  'system without architecture': [
    'some { system = "x86_64-darwin"; }',
    /^image: system is "x86_64-darwin", expected one of .*x86_64-linux, or `architecture` to be given$/,
  ],
  'system a number': [
    'some { system = 1; architecture = "amd64"; }',
    /^image: system is 1, expected a Nix system/,
  ],
  'unknown architecture': [
    'some { architecture = "aarch64"; }',
    /^image: architecture is "aarch64", expected a name as in OCI image indexes: .*\barm64\b/,
  ],
}

void t.test(
  'image refuses what it is not made of, while evaluating, in one line',
  { skip: withoutNix },
  async (t) => checkRefusals(t, refusals),
)

void t.test('asking for the reference alone checks everything too', { skip: withoutNix }, async (t) => {
  for (const broken of ['maxLayers = 0;', 'files."x" = "";', 'unknown = 1;', 'config.Nope = 1;'])
    t.match(await refusal(`(some { ${broken} }).imageRef`), /^image: /, broken)
})
