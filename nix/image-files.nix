/**
  Returns the entries of an image that are in no store path, such as /etc/passwd, /data or /bin/sh. They come from the
  arguments `files`, `directories`, `links` and `extraDirectories`.
*/
let
  inherit (builtins)
    attrNames
    concatLists
    filter
    head
    isList
    isString
    map
    mapAttrs
    toJSON
    ;
  isPlainSet = import ./is-plain-set.nix;
  inherit (import ./refuse.nix) refuse onlyKnown;
  inherit (import ./store-path.nix) toStoreFile toText;
  inherit (import ./image-paths.nix) checkPath checkMode parents;

  builder = "image";

  # The attributes of `given` that have a check in `checks`, each checked.
  checkEach =
    field: checks: given:
    mapAttrs (key: check: check "${field}.${key}" given.${key}) (builtins.intersectAttrs given checks);

  checkFile =
    ownerOf: path: file:
    let
      field = "files.${toJSON path}";
      given = onlyKnown builder field [
        "text"
        "source"
        "mode"
        "uid"
        "gid"
      ] file;
      # A source without a mode keeps its mode of the store.
      attributes = checkEach field { mode = checkMode; } given // ownerOf field given;
    in
    if isString file then
      {
        text = file;
        mode = "0444";
      }
    else if !isPlainSet file then
      refuse builder field file
        "a string, { text; mode ? \"0444\"; uid ? 0; gid ? 0; } or { source; mode ?; uid ? 0; gid ? 0; }"
    else if (given ? text) == (given ? source) then
      refuse builder field file "either `text` or `source` in it"
    else if given ? source then
      { source = toStoreFile builder "${field}.source" given.source; } // attributes
    else if isString given.text then
      {
        inherit (given) text;
        mode = "0444";
      }
      // attributes
    else
      refuse builder "${field}.text" given.text "a string";

  checkDirectory =
    ownerOf: path: directory:
    let
      field = "directories.${toJSON path}";
      given = onlyKnown builder field [
        "mode"
        "uid"
        "gid"
      ] directory;
    in
    if !isPlainSet directory then
      refuse builder field directory "an attribute set: { mode ? \"0755\"; uid ? 0; gid ? 0; }"
    else
      { mode = "0755"; } // checkEach field { mode = checkMode; } given // ownerOf field given;

  checkExtra =
    ownerOf: extra:
    let
      field = "an item of extraDirectories";
      isSource = !isPlainSet extra;
      given =
        if isSource then
          { source = extra; }
        else
          onlyKnown builder field [
            "source"
            "to"
            "fileMode"
            "directoryMode"
            "uid"
            "gid"
          ] extra;
    in
    if !(given ? source) then
      refuse builder field extra
        "a derivation, a path, or { source; to ? \"/\"; fileMode ?; directoryMode ? \"0755\"; uid ? 0; gid ? 0; }"
    else
      {
        source = toStoreFile builder (if isSource then field else "${field}.source") given.source;
        to = if given.to or "/" == "/" then "/" else checkPath "extraDirectories" given.to;
        directoryMode = "0755";
      }
      // checkEach field {
        fileMode = checkMode;
        directoryMode = checkMode;
      } given
      // ownerOf field given;

  checkLink =
    path: target:
    let
      field = "links.${toJSON path}";
      text = toText builder field target;
    in
    if text == null || text == "" then
      refuse builder field target "a target: a string that isn't empty, a derivation or a path"
    else
      text;

  checkSet =
    field: value:
    if isPlainSet value then
      value
    else
      refuse builder field value "an attribute set, absolute path to what is there";
in
{
  # absolute path -> string, { text; mode ? "0444"; uid ?; gid ?; } or { source; mode ?; uid ?; gid ?; }
  files,
  # absolute path -> { mode ? "0755"; uid ?; gid ?; }
  directories,
  # absolute path -> target
  links,
  # list of trees of the store
  extraDirectories,
  # the result of image-users.nix for `users` and `groups`
  accounts,
}:
let
  files' = checkSet "files" files;
  directories' = checkSet "directories" directories;
  links' = checkSet "links" links;
  inherit (accounts) ownerOf;

  paths = concatLists [
    (map (checkPath "files") (attrNames files'))
    (map (checkPath "directories") (attrNames directories'))
    (map (checkPath "links") (attrNames links'))
  ];
  isEntry = path: files' ? ${path} || links' ? ${path};
  kindOf = path: if files' ? ${path} then "file" else "link";

  both = filter (path: links' ? ${path}) (attrNames files');
  # A directory may have other entries in it. So it is only an error where it is itself another entry too.
  alsoDirectory = filter isEntry (attrNames directories');
  under = filter (path: filter isEntry (parents path) != [ ]) paths;
  child = head under;
  parent = head (filter isEntry (parents child));
  madeTwice = filter (path: accounts.files ? ${path}) (attrNames files' ++ attrNames links');

  entries = {
    files = mapAttrs (checkFile ownerOf) (accounts.files // files');
    links = mapAttrs checkLink links';
  }
  // (
    let
      all = accounts.directories // directories';
    in
    if all == { } then { } else { directories = mapAttrs (checkDirectory ownerOf) all; }
  )
  // (
    if !isList extraDirectories then
      refuse builder "extraDirectories" extraDirectories
        "a list of derivations, paths and { source; ... }"
    else if extraDirectories == [ ] then
      { }
    else
      { extraDirectories = map (checkExtra ownerOf) extraDirectories; }
  );
in
# The paths are checked before their contents, so that the refusal doesn't depend on the order of evaluation.
if both != [ ] then
  throw "${builder}: ${toJSON (head both)} is in files and in links, expected in one of them"
else if alsoDirectory != [ ] then
  throw (
    "${builder}: ${toJSON (head alsoDirectory)} is a ${kindOf (head alsoDirectory)} and in "
    + "directories, expected one of them"
  )
else if under != [ ] then
  throw "${builder}: ${toJSON parent} is a ${kindOf parent}, expected a directory, for ${toJSON child} is below it"
else if madeTwice != [ ] then
  throw "${builder}: ${toJSON (head madeTwice)} is made of users and groups, expected it there or here, not both"
else
  entries
