import t from 'tap'
import { withoutNix } from './nix-command.ts'
import { checkRefusals, type RefusalTable } from './refusal-table.ts'

const refusals: RefusalTable = {
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
}

void t.test(
  'image refuses users and groups that contradict, while evaluating, in one line',
  { skip: withoutNix },
  async (t) => checkRefusals(t, refusals),
)
