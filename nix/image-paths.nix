# Checks the paths and modes of an image's own entries, for every argument that has some.
let
  inherit (builtins)
    all
    concatStringsSep
    elem
    elemAt
    filter
    genList
    isString
    length
    match
    split
    storeDir
    substring
    ;
  inherit (import ./refuse.nix) refuse;

  builder = "image";

  # "/etc/passwd" -> [ "etc" "passwd" ]
  components = path: filter isString (split "/" (substring 1 (-1) path));
  join = parts: "/" + concatStringsSep "/" parts;
  take = count: list: genList (elemAt list) count;
  # "/a/b/c" -> [ "/a" "/a/b" ]
  parents = path: genList (at: join (take (at + 1) (components path))) (length (components path) - 1);

  storeParents = parents storeDir ++ [ storeDir ];
in
{
  inherit parents;

  /**
    Refuses a path that a layer can't hold, and one that would mean another path than it seems to.
  */
  checkPath =
    field: path:
    let
      refusePath = refuse builder "a path in ${field}" path;
      has = part: elem part (components path);
    in
    if !isString path || substring 0 1 path != "/" then
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
}
