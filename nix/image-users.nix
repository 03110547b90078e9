/**
  Returns the users and groups of an image: /etc/passwd, /etc/group, /etc/shadow, the homes, and the owners of files.
  root and nobody are always there, as in an image without `users`.
*/
let
  inherit (builtins)
    attrNames
    attrValues
    concatStringsSep
    elem
    elemAt
    filter
    groupBy
    head
    isString
    length
    listToAttrs
    map
    mapAttrs
    match
    sort
    toJSON
    ;
  inherit (import ./refuse.nix) refuse;
  inherit (import ./image-account.nix)
    checkId
    checkSet
    defaults
    toGroup
    toUser
    ;

  builder = "image";

  # Homes that no user has as a directory of its own.
  noHomes = [
    "/"
    "/var/empty"
    "/nonexistent"
    "/dev/null"
  ];

  # Refuses two entries that the system couldn't tell apart.
  demandDistinct =
    field: key: entries:
    let
      byId = groupBy (entry: toString entry.${key}) entries;
      twice = filter (id: length byId.${id} > 1) (attrNames byId);
      names = map (entry: toJSON entry.name) byId.${head twice};
    in
    if twice == [ ] then
      entries
    else
      throw (
        "${builder}: ${concatStringsSep " and " names} in ${field} both have the ${key} ${head twice}, "
        + "expected one each"
      );

  lines = entries: concatStringsSep "" (map (fields: concatStringsSep ":" fields + "\n") entries);
in
{
  # attribute set: name -> { uid; gid ? uid; groups ? [ ]; home ? "/home/<name>"; createHome ? true;
  # shell ? "/bin/sh"; description ? ""; }
  users,
  # attribute set: name -> { gid; }
  groups,
}:
let
  isGiven = users != { } || groups != { };

  people = sort (a: b: a.uid < b.uid) (
    demandDistinct "users" "uid" (
      attrValues (mapAttrs toUser (mapAttrs (_: _: { }) defaults // checkSet "users" users))
    )
  );
  # Each user has a group of its own, without an entry in `groups`.
  given = attrValues (mapAttrs toGroup (checkSet "groups" groups));
  named = listToAttrs (
    map (group: {
      inherit (group) name;
      value = group;
    }) given
  );
  isSaid = user: named ? ${user.name} || filter (group: group.gid == user.gid) given != [ ];
  # The first user by uid gives a primary group its name, if two users have it.
  ownGroups = attrValues (
    mapAttrs (_: sharing: { inherit (head sharing) name gid; }) (
      groupBy (user: toString user.gid) (filter (user: !(isSaid user)) people)
    )
  );
  teams = sort (a: b: a.gid < b.gid) (demandDistinct "groups" "gid" (given ++ ownGroups));

  byName =
    entries:
    listToAttrs (
      map (entry: {
        inherit (entry) name;
        value = entry;
      }) entries
    );
  userNamed = byName people;
  groupNamed = byName teams;

  listed = set: concatStringsSep ", " (attrNames set);
  findUser =
    field: name:
    userNamed.${name} or (refuse builder field name "a number, or one of users: ${listed userNamed}");
  findGroup =
    field: name:
    groupNamed.${name}
      or (refuse builder field name "a number, or one of groups: ${listed groupNamed}");

  membersOf =
    group:
    map (user: user.name) (
      filter (
        user:
        elem group.name (
          map (name: (findGroup "an item of users.${toJSON user.name}.groups" name).name) user.groups
        )
      ) people
    );
  # Evaluates all groups, so that users are checked that are in a group which doesn't exist.
  checked = builtins.deepSeq (
    map (user: map (findGroup "an item of users.${toJSON user.name}.groups") user.groups) people
  );

  homes = filter (user: users ? ${user.name} && user.createHome && !(elem user.home noHomes)) people;
in
{
  # Entries for `files` and `directories`. There are none without users, since the registry then writes them.
  files =
    if isGiven then
      checked {
        "/etc/passwd" = lines (
          map (user: [
            user.name
            "x"
            (toString user.uid)
            (toString user.gid)
            user.description
            user.home
            user.shell
          ]) people
        );
        "/etc/group" = lines (
          map (group: [
            group.name
            "x"
            (toString group.gid)
            (concatStringsSep "," (membersOf group))
          ]) teams
        );
        # Nobody can log in with a password. PAM and `su` fail where a user has no entry at all.
        "/etc/shadow" = {
          text = lines (
            map (user: [
              user.name
              "!"
              "1"
              ""
              ""
              ""
              ""
              ""
              ""
            ]) people
          );
          mode = "0400";
        };
      }
    else
      { };
  directories = listToAttrs (
    map (user: {
      name = user.home;
      value = {
        mode = "0700";
        inherit (user) uid gid;
      };
    }) homes
  );

  # Converts the owner of a file, { uid ?; gid ?; } as numbers or names, to numbers. A user's name implies its group.
  # A number is left out where it is root's.
  ownerOf =
    field: owner:
    let
      user = if owner ? uid && isString owner.uid then findUser "${field}.uid" owner.uid else null;
      uid = if user != null then user.uid else checkId "${field}.uid" (owner.uid or 0);
      gid =
        if !(owner ? gid) then
          (if user != null then user.gid else 0)
        else if isString owner.gid then
          (findGroup "${field}.gid" owner.gid).gid
        else
          checkId "${field}.gid" owner.gid;
    in
    (if uid == 0 then { } else { inherit uid; }) // (if gid == 0 then { } else { inherit gid; });

  # Returns `user`, or refuses it when no such user exists. Without `users`, the image's contents may have it.
  checkUser =
    user:
    let
      parts = match "([^:]+)(:(.+))?" user;
      isNumber = text: match "[0-9]+" text != null;
      name = elemAt parts 0;
      group = elemAt parts 2;
    in
    if !isGiven then
      user
    else if !(isNumber name) && !(userNamed ? ${name}) then
      findUser "user" name
    else if group != null && !(isNumber group) && !(groupNamed ? ${group}) then
      findGroup "the group of user" group
    else
      user;
}
