# Checks one user or one group of an image. Each field must fit into a line of /etc/passwd or /etc/group.
let
  inherit (builtins)
    isBool
    isInt
    isList
    isString
    match
    stringLength
    toJSON
    ;
  isPlainSet = import ./is-plain-set.nix;
  inherit (import ./refuse.nix) refuse onlyKnown;

  builder = "image";

  # The kernel reads -1 as "no user".
  maxId = 4294967294;
  isId = id: isInt id && id >= 0 && id <= maxId;

  # The names that useradd accepts. The limit of 32 characters is that of utmp and of useradd.
  isName =
    name: isString name && stringLength name <= 32 && match "[a-zA-Z_][a-zA-Z0-9_.-]*[$]?" name != null;
  checkName =
    field: name:
    if isName name then
      name
    else
      refuse builder "a name in ${field}" name
        "at most 32 letters, digits, _ . and -, beginning with a letter or _";

  checkId =
    field: id:
    if isId id then id else refuse builder field id "a whole number from 0 to ${toString maxId}";

  # A field of /etc/passwd has no line break and no colon in it.
  checkText =
    field: text:
    if isString text && match "[^:\n]*" text != null then
      text
    else
      refuse builder field text "a string without `:` and line breaks";
  checkPath =
    field: text:
    if isString text && match "/[^:\n]*" text != null then
      text
    else
      refuse builder field text "an absolute path without `:` and line breaks";
  checkBool =
    field: value: if isBool value then value else refuse builder field value "true or false";

  checkSet =
    field: value:
    if isPlainSet value then
      value
    else
      refuse builder field value "an attribute set, name to what is said of it";

  defaults = {
    root = {
      uid = 0;
      home = "/root";
      description = "root";
    };
    nobody = {
      uid = 65534;
      description = "nobody";
      home = "/";
      shell = "/bin/false";
    };
  };

  toUser =
    name: given:
    let
      field = "users.${toJSON name}";
      user =
        (defaults.${name} or { })
        // onlyKnown builder field [
          "uid"
          "gid"
          "groups"
          "home"
          "createHome"
          "shell"
          "description"
        ] (checkSet field given);
      uid =
        if user ? uid then checkId "${field}.uid" user.uid else throw "${builder}: ${field}.uid is missing";
      members = user.groups or [ ];
    in
    {
      name = checkName "users" name;
      inherit uid;
      gid = checkId "${field}.gid" (user.gid or uid);
      groups =
        if isList members then
          members
        else
          refuse builder "${field}.groups" members "a list of names in groups";
      home = checkPath "${field}.home" (user.home or "/home/${name}");
      createHome = checkBool "${field}.createHome" (user.createHome or true);
      shell = checkPath "${field}.shell" (user.shell or "/bin/sh");
      description = checkText "${field}.description" (user.description or "");
    };

  toGroup =
    name: given:
    let
      field = "groups.${toJSON name}";
      group = onlyKnown builder field [ "gid" ] (checkSet field given);
    in
    {
      name = checkName "groups" name;
      gid =
        if group ? gid then
          checkId "${field}.gid" group.gid
        else
          throw "${builder}: ${field}.gid is missing";
    };
in
{
  inherit
    checkId
    checkSet
    defaults
    toGroup
    toUser
    ;
}
