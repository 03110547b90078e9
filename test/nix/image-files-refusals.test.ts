import t from 'tap'
import { withoutNix } from './nix-command.ts'
import { checkRefusals, type RefusalTable } from './refusal-table.ts'

const refusals: RefusalTable = {
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
}

void t.test(
  'image refuses files and directories that no image holds, while evaluating, in one line',
  { skip: withoutNix },
  async (t) => checkRefusals(t, refusals),
)
