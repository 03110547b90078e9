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

  'uid negative': [
    'some { files."/x" = { text = ""; uid = -1; }; }',
    /^image: files\."\/x"\.uid is -1, expected a whole/,
  ],
  'uid beyond 32 bits': [
    'some { files."/x" = { text = ""; uid = 4294967295; }; }',
    /\.uid is 4294967295, expected a whole number from 0 to 4294967294$/,
  ],
  'uid of nobody known': [
    'some { files."/x" = { text = ""; uid = "app"; }; }',
    /^image: files\."\/x"\.uid is "app", expected a number, or one of users: nobody, root$/,
  ],
  'gid of no group': [
    'some { users.app.uid = 5; files."/x" = { text = ""; gid = "staff"; }; }',
    /^image: files\."\/x"\.gid is "staff", expected a number, or one of groups: app, nobody, root$/,
  ],
  'gid a list': [
    'some { files."/x" = { text = ""; gid = [ ]; }; }',
    /\.gid is a list, expected a whole number/,
  ],

  'directories a list': [
    'some { directories = [ ]; }',
    /^image: directories is a list, expected an attribute set/,
  ],
  'directory path relative': [
    'some { directories."data" = { }; }',
    /^image: a path in directories is "data"/,
  ],
  'directory a string': [
    'some { directories."/data" = "0700"; }',
    /^image: directories\."\/data" is "0700", expected an attribute set/,
  ],
  'directory with an unknown key': [
    'some { directories."/data".owner = 1; }',
    /"owner" unknown, there are: mode, uid, gid$/,
  ],
  'directory mode': [
    'some { directories."/data".mode = "700"; }',
    /^image: directories\."\/data"\.mode is "700"/,
  ],
  'directory in the store': ['some { directories."/nix/store/x" = { }; }', /expected one outside of/],
  'directory and file': [
    'some { directories."/x" = { }; files."/x" = ""; }',
    /^image: "\/x" is a file and in directories, expected one of them$/,
  ],
  'directory and link': [
    'some { directories."/x" = { }; links."/x" = "y"; }',
    /"\/x" is a link and in directories/,
  ],
  'directory below a file': [
    'some { directories."/x/y" = { }; files."/x" = ""; }',
    /^image: "\/x" is a file, expected a directory, for "\/x\/y" is below it$/,
  ],

  'extraDirectories a path': [
    'some { extraDirectories = /etc; }',
    /^image: extraDirectories is \/etc, expected a list/,
  ],
  'extraDirectories with a number': [
    'some { extraDirectories = [ 1 ]; }',
    /^image: an item of extraDirectories is 1, expected a derivation, a path/,
  ],
  'extraDirectories with a string elsewhere': [
    'some { extraDirectories = [ "/etc" ]; }',
    /^image: an item of extraDirectories is "\/etc", expected/,
  ],
  'extra directory without source': [
    'some { extraDirectories = [ { to = "/x"; } ]; }',
    /^image: an item of extraDirectories is an attribute set, expected .*\{ source;/,
  ],
  'extra directory with an unknown key': [
    'some { extraDirectories = [ { source = hello; mode = "0700"; } ]; }',
    /"mode" unknown, there are: source, to, fileMode, directoryMode, uid, gid$/,
  ],
  'extra directory in the store': [
    'some { extraDirectories = [ { source = hello; to = "/nix/store"; } ]; }',
    /^image: a path in extraDirectories is "\/nix\/store", expected one outside/,
  ],
  'extra directory to a relative place': [
    'some { extraDirectories = [ { source = hello; to = "x"; } ]; }',
    /^image: a path in extraDirectories is "x", expected an absolute/,
  ],
  'extra directory to a number': [
    'some { extraDirectories = [ { source = hello; to = 1; } ]; }',
    /^image: a path in extraDirectories is 1, expected an absolute/,
  ],
  'extra directory mode': [
    'some { extraDirectories = [ { source = hello; directoryMode = "755"; } ]; }',
    /\.directoryMode is "755", expected four/,
  ],
  'extra directory file mode': [
    'some { extraDirectories = [ { source = hello; fileMode = 644; } ]; }',
    /\.fileMode is 644, expected four/,
  ],
  'extra directory of nobody': [
    'some { extraDirectories = [ { source = hello; uid = "x"; } ]; }',
    /^image: an item of extraDirectories\.uid is "x", expected a number, or one of users/,
  ],

  'users a list': ['some { users = [ ]; }', /^image: users is a list, expected an attribute set/],
  'user without uid': ['some { users.app = { }; }', /^image: users\."app"\.uid is missing$/],
  'user a number': ['some { users.app = 1000; }', /^image: users\."app" is 1000, expected an attribute set/],
  'user of an illegal name': [
    'some { users."a:b".uid = 1; }',
    /^image: a name in users is "a:b", expected at most 32 letters/,
  ],
  'user of a name too long': [
    'some { users.abcdefghijklmnopqrstuvwxyzabcdefg.uid = 1; }',
    /^image: a name in users is "abc/,
  ],
  'user with an unknown key': [
    'some { users.app = { uid = 1; name = "x"; }; }',
    /"name" unknown, there are: uid, gid,/,
  ],
  'user with a colon in the home': [
    'some { users.app = { uid = 1; home = "/a:b"; }; }',
    /^image: users\."app"\.home is "\/a:b", expected an absolute path without/,
  ],
  'user with a relative shell': [
    'some { users.app = { uid = 1; shell = "sh"; }; }',
    /\.shell is "sh", expected an abs/,
  ],
  'user with a line break': [
    'some { users.app = { uid = 1; description = "a\\nb"; }; }',
    /\.description is "a\\nb", expected a string without/,
  ],
  'user that may have a home': [
    'some { users.app = { uid = 1; createHome = 1; }; }',
    /\.createHome is 1, expected true/,
  ],
  'user in a group that isn’t there': [
    'some { users.app = { uid = 1; groups = [ "wheel" ]; }; }',
    /^image: an item of users\."app"\.groups is "wheel", expected a number, or one of groups: app, nobody, root$/,
  ],
  'user in groups that are no list': [
    'some { users.app = { uid = 1; groups = "wheel"; }; }',
    /\.groups is "wheel", exp/,
  ],
  'two users of one number': [
    'some { users.a.uid = 5; users.b.uid = 5; }',
    /^image: "a" and "b" in users both have the uid 5, expected one each$/,
  ],
  'a user with the number of root': [
    'some { users.a.uid = 0; }',
    /"a" and "root" in users both have the uid 0/,
  ],
  'two groups of one number': [
    'some { groups.a.gid = 5; groups.b.gid = 5; }',
    /^image: "a" and "b" in groups both have the gid 5/,
  ],
  'group of an illegal name': [
    'some { groups."a b".gid = 5; }',
    /^image: a name in groups is "a b", expected/,
  ],
  'group without gid': ['some { groups.a = { }; }', /^image: groups\."a"\.gid is missing$/],
  'group with members': [
    'some { groups.a = { gid = 5; members = [ ]; }; }',
    /"members" unknown, there are: gid$/,
  ],
  'user who isn’t there': [
    'some { users.app.uid = 1; user = "ap"; }',
    /^image: user is "ap", expected a number, or one of users: app, nobody, root$/,
  ],
  'config.User who isn’t there': [
    'some { users.app.uid = 1; config.User = "ap"; }',
    /^image: user is "ap", expected/,
  ],
  'group of the user that isn’t there': [
    'some { users.app.uid = 1; user = "app:ap"; }',
    /^image: the group of user is "ap", expected a number, or one of groups/,
  ],
  'users, and a passwd besides': [
    'some { users.app.uid = 1; files."/etc/passwd" = ""; }',
    /^image: "\/etc\/passwd" is made of users and groups, expected it there or here/,
  ],

  'fromImage a number': [
    'some { fromImage = 1; }',
    /^image: fromImage is 1, expected a derivation or a store path/,
  ],
  'fromImage for another architecture': [
    'some { fromImage = some { architecture = "arm64"; }; }',
    /^image: fromImage is an image for "arm64", expected one for "amd64"$/,
  ],
  'fromImage for several platforms': [
    'some { fromImage = image { name = "a"; system = "x86_64-linux"; platforms."linux/amd64" = some { }; }; }',
    /^image: fromImage is a derivation, expected an image for one platform/,
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
  'author a number': ['some { author = 1; }', /^image: author is 1, expected a string$/],
  'a boolean of config': ['some { config.Tty = 1; }', /^image: config\.Tty is 1, expected true or false$/],
  'a number of config': [
    'some { config.Memory = -1; }',
    /^image: config\.Memory is -1, expected a whole number, not/,
  ],

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
