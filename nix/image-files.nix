# The `files` and `links` of an image: entries that are in no store path, such as /etc/passwd or /bin/sh.
let
  inherit (builtins)
    all
    attrNames
    concatStringsSep
    elem
    elemAt
    filter
    genList
    head
    isAttrs
    isString
    length
    mapAttrs
    match
    split
    storeDir
    substring
    toJSON
    ;
  inherit (import ./refuse.nix) refuse onlyKnown;
  inherit (import ./store-path.nix) toStoreFile toText;

  builder = "image";

  # "/etc/passwd" -> [ "etc" "passwd" ]
  components = path: filter isString (split "/" (substring 1 (-1) path));
  join = parts: "/" + concatStringsSep "/" parts;
  take = count: list: genList (elemAt list) count;
  # "/a/b/c" -> [ "/a" "/a/b" ]
  parents = path: genList (at: join (take (at + 1) (components path))) (length (components path) - 1);

  storeParents = parents storeDir ++ [ storeDir ];

  # Refuses what a layer can't hold, or what would be another path than it seems.
  checkPath =
    field: path:
    let
      refusePath = refuse builder "a path in ${field}" path;
      has = part: elem part (components path);
    in
    if substring 0 1 path != "/" then
      refusePath ''an absolute path, such as "/etc/passwd"''
    else if path == "/" then
      refusePath "a path below /"
    else if has "" || has "." || has ".." then
      refusePath "one without empty parts, \".\", \"..\" and a \"/\" at the end"
    else if !(all (part: match "\\.wh\\..*" part == null) (components path)) then
      refusePath "one without a part that begins with \".wh.\", which deletes files of other layers"
    else if elem path storeParents || elem storeDir (parents path) then
      refusePath "one outside of ${storeDir}, which `contents` fills"
    else
      path;

  checkMode =
    field: mode:
    if isString mode && match "[0-7]{4}" mode != null then
      mode
    else
      refuse builder field mode ''four octal digits in a string, such as "0444", "0755" or "1777"'';

  checkFile =
    path: file:
    let
      field = "files.${toJSON path}";
      given = onlyKnown builder field [
        "text"
        "source"
        "mode"
      ] file;
      # A source without a mode keeps the one it has in the store.
      mode = if given ? mode then { mode = checkMode "${field}.mode" given.mode; } else { };
    in
    if isString file then
      {
        text = file;
        mode = "0444";
      }
    else if !isAttrs file || file ? outPath then
      refuse builder field file "a string, { text; mode ? \"0444\"; } or { source; mode ?; }"
    else if (given ? text) == (given ? source) then
      refuse builder field file "either `text` or `source` in it"
    else if given ? source then
      { source = toStoreFile builder "${field}.source" given.source; } // mode
    else if isString given.text then
      {
        inherit (given) text;
        mode = "0444";
      }
      // mode
    else
      refuse builder "${field}.text" given.text "a string";

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
    if isAttrs value && !(value ? outPath) then
      value
    else
      refuse builder field value "an attribute set, absolute path to what is there";
in
{
  # absolute path -> string, { text; mode ? "0444"; } or { source; mode ?; }
  files,
  # absolute path -> target
  links,
}:
let
  files' = checkSet "files" files;
  links' = checkSet "links" links;
  paths = map (checkPath "files") (attrNames files') ++ map (checkPath "links") (attrNames links');
  isEntry = path: files' ? ${path} || links' ? ${path};

  both = filter (path: links' ? ${path}) (attrNames files');
  under = filter (path: filter isEntry (parents path) != [ ]) paths;
  child = head under;
  parent = head (filter isEntry (parents child));

  entries = {
    files = mapAttrs checkFile files';
    links = mapAttrs checkLink links';
  };
in
# Paths come before what is at them: which refusal is seen shall not depend on which entry is looked at first.
if both != [ ] then
  throw "${builder}: ${toJSON (head both)} is in files and in links, expected in one of them"
else if under != [ ] then
  throw "${builder}: ${toJSON parent} is a ${if files' ? ${parent} then "file" else "link"}, expected a directory, for ${toJSON child} is below it"
else
  entries
