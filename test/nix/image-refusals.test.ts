import t from 'tap'
import { refusal, withoutNix } from './nix-command.ts'

// What is given to `image` -> the one line that says why not. `some` adds a name and a system.
const refusals: Record<string, readonly [expression: string, message: RegExp]> = {
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

  'config not a set': ['some { config = [ ]; }', /^image: config is a list, expected an attribute set$/],
  'unknown key of config': [
    'some { config.Command = [ ]; }',
    /^image: config "Command" unknown, there are: .*\bCmd\b/,
  ],
  'entrypoint a string': [
    'some { entrypoint = "sh"; }',
    /^image: entrypoint is "sh", expected a list of strings/,
  ],
  'entrypoint with a number': [
    'some { entrypoint = [ 1 ]; }',
    /^image: an item of entrypoint is 1, expected a string/,
  ],
  'entrypoint with a derivation': [
    'some { entrypoint = [ hello ]; }',
    /^image: an item of entrypoint is a derivation, expected a string/,
  ],
  'config.Entrypoint a string': ['some { config.Entrypoint = "sh"; }', /^image: config\.Entrypoint is "sh"/],
  'cmd twice': [
    'some { cmd = [ "a" ]; config.Cmd = [ "a" ]; }',
    /^image: config\.Cmd and cmd say the same thing, expected one of them$/,
  ],
  'user twice': ['some { user = 1; config.User = "1"; }', /config\.User and user say the same thing/],
  'user with a space': ['some { user = "a b"; }', /^image: user is "a b", expected a user name or number/],
  'user negative': ['some { user = -1; }', /^image: user is -1, expected/],
  'working directory relative': [
    'some { workingDir = "srv"; }',
    /^image: workingDir is "srv", expected an absolute/,
  ],
  'stop signal': ['some { stopSignal = "TERM"; }', /^image: stopSignal is "TERM", expected a signal/],
  'stop signal out of range': ['some { stopSignal = 65; }', /^image: stopSignal is 65, expected a signal/],
  'volume relative': [
    'some { volumes = [ "data" ]; }',
    /^image: a path in volumes is "data", expected an absolute/,
  ],
  'label not a string': ['some { labels.a = 1; }', /^image: labels\."a" is 1, expected a string$/],
  'label twice': [
    'some { labels.a = "1"; config.Labels.a = "2"; }',
    /^image: "a" given twice, in config\.Labels and in labels$/,
  ],
  'health check with an unknown key': [
    'some { config.Healthcheck.test = [ ]; }',
    /^image: config\.Healthcheck "test" unknown, there are: .*\bTest\b/,
  ],
  'health check with text for a time': [
    'some { config.Healthcheck.Interval = "3s"; }',
    /^image: config\.Healthcheck\.Interval is "3s", expected a whole number/,
  ],

  'env a list': ['some { env = [ "A=1" ]; }', /^image: env is a list, expected an attribute set/],
  'env name empty': ['some { env."" = "x"; }', /^image: a name in env is "", expected one that isn't empty/],
  'env name with =': ['some { env."A=B" = "x"; }', /^image: a name in env is "A=B", expected .* no `=`$/],
  'env value null': ['some { env.A = null; }', /^image: env\."A" is null, expected a string, a number/],
  'env value a list': ['some { env.A = [ ]; }', /^image: env\."A" is a list, expected/],
  'env twice': [
    'some { env.A = 1; config.Env = [ "A=2" ]; }',
    /variable "A" given twice, in config\.Env and in env$/,
  ],
  'config.Env without =': [
    'some { config.Env = [ "A" ]; }',
    /^image: an item of config\.Env is "A", expected/,
  ],
  'port 0': ['some { ports = [ 0 ]; }', /^image: a port in ports is 0, expected a port from 1 to 65535/],
  'port 65536': ['some { ports = [ 65536 ]; }', /^image: a port in ports is 65536/],
  'port with leading zero': ['some { ports = [ "080" ]; }', /^image: a port in ports is "080"/],
  'port of another protocol': ['some { ports = [ "80/http" ]; }', /^image: a port in ports is "80\/http"/],
  'ports a number': ['some { ports = 80; }', /^image: ports is 80, expected a list$/],
  'config.ExposedPorts out of range': [
    'some { config.ExposedPorts."99999/tcp" = { }; }',
    /^image: a key of config\.ExposedPorts is "99999\/tcp"/,
  ],
  'config.ExposedPorts with values': [
    'some { config.ExposedPorts."80/tcp" = true; }',
    /^image: config\.ExposedPorts is an attribute set, expected an attribute set whose values are \{ \}$/,
  ],

  'files a list': ['some { files = [ ]; }', /^image: files is a list, expected an attribute set/],
  'file path relative': [
    'some { files."etc/x" = ""; }',
    /^image: a path in files is "etc\/x", expected an absolute/,
  ],
  'file path /': ['some { files."/" = ""; }', /^image: a path in files is "\/", expected a path below/],
  'file path with ..': [
    'some { files."/etc/../x" = ""; }',
    /^image: a path in files is "\/etc\/\.\.\/x", expected/,
  ],
  'file path with .': ['some { files."/./x" = ""; }', /^image: a path in files is "\/\.\/x", expected/],
  'file path with //': [
    'some { files."/etc//x" = ""; }',
    /^image: a path in files is "\/etc\/\/x", expected/,
  ],
  'file path with / at its end': [
    'some { files."/etc/" = ""; }',
    /^image: a path in files is "\/etc\/", expected/,
  ],
  'file in the store': ['some { files."${storeDir}/x" = ""; }', /^image: a path in files is .*outside of/],
  'file in place of the store': [
    'some { files."${storeDir}" = ""; }',
    /^image: a path in files is .*outside of/,
  ],
  'file in place of /nix': [
    'some { files."/nix" = ""; }',
    /^image: a path in files is "\/nix", expected .*outside of/,
  ],
  whiteout: [
    'some { files."/etc/.wh.x" = ""; }',
    /^image: a path in files is "\/etc\/\.wh\.x", expected .*\.wh\./,
  ],
  'whiteout directory': ['some { links."/.wh.a/x" = "y"; }', /^image: a path in links is "\/\.wh\.a\/x"/],
  'file a number': ['some { files."/x" = 1; }', /^image: files\."\/x" is 1, expected/],
  'file a derivation': ['some { files."/x" = hello; }', /^image: files\."\/x" is a derivation, expected/],
  'file of nothing': [
    'some { files."/x" = { }; }',
    /^image: files\."\/x" is .*expected either `text` or `source`/,
  ],
  'file of both': [
    'some { files."/x" = { text = ""; source = hello; }; }',
    /expected either `text` or `source`/,
  ],
  'file with an unknown key': [
    'some { files."/x" = { content = ""; }; }',
    /"content" unknown, there are: text,/,
  ],
  'file text a number': [
    'some { files."/x".text = 1; }',
    /^image: files\."\/x"\.text is 1, expected a string$/,
  ],
  'file source outside the store': [
    'some { files."/x".source = "/etc/passwd"; }',
    /^image: files\."\/x"\.source is "\/etc\/passwd", expected/,
  ],
  'mode of three digits': [
    'some { files."/x" = { text = ""; mode = "644"; }; }',
    /\.mode is "644", expected four/,
  ],
  'mode of nine': [
    'some { files."/x" = { text = ""; mode = "0999"; }; }',
    /\.mode is "0999", expected four octal/,
  ],
  'mode a number': [
    'some { files."/x" = { text = ""; mode = 444; }; }',
    /\.mode is 444, expected four octal digits/,
  ],
  'link target empty': ['some { links."/x" = ""; }', /^image: links\."\/x" is "", expected a target/],
  'link target a number': ['some { links."/x" = 1; }', /^image: links\."\/x" is 1, expected a target/],
  'link target content-addressed': [
    'some { links."/x" = floating; }',
    /^image: links\."\/x" is a derivation, expected/,
  ],
  'file and link': [
    'some { files."/x" = ""; links."/x" = "y"; }',
    /^image: "\/x" is in files and in links, expected/,
  ],
  'file below a file': [
    'some { files."/a" = ""; files."/a/b/c" = ""; }',
    /^image: "\/a" is a file, expected a directory, for "\/a\/b\/c" is below it$/,
  ],
  'file below a link': [
    'some { links."/a" = "/b"; files."/a/b" = ""; }',
    /^image: "\/a" is a link, expected a dir/,
  ],

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

void t.test('image refuses while evaluating, in one line', { skip: withoutNix }, async (t) => {
  const cases = Object.entries(refusals)
  const messages = await Promise.all(
    cases.map(async ([, [expression]]) => refusal(`(${expression}).drvPath`)),
  )
  for (const [at, [name, [, expected]]] of cases.entries()) {
    const message = messages[at] ?? 'no refusal'
    t.match(message, expected, name)
    t.notMatch(message, /\n/, `${name}: one line`)
  }
})

void t.test('asking for the reference alone checks everything too', { skip: withoutNix }, async (t) => {
  for (const broken of ['maxLayers = 0;', 'files."x" = "";', 'unknown = 1;', 'config.Nope = 1;'])
    t.match(await refusal(`(some { ${broken} }).imageRef`), /^image: /, broken)
})
