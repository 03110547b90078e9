# Kubernetes objects as one JSON file, a `List`, that `kubectl apply -f` reads, and `podman kube play` of a podman that
# knows lists (4.3 doesn't yet). Its references are the images in it: building it builds them, copying it copies them.
let
  inherit (builtins)
    filter
    groupBy
    head
    isAttrs
    isList
    isString
    attrNames
    length
    match
    stringLength
    toJSON
    unsafeDiscardStringContext
    ;
  inherit (import ../nix/refuse.nix) refuse;
  jsonFile = import ../nix/json-file.nix;

  builder = "list";

  checkName =
    name:
    # Nix allows 211 characters for the name of a store path, with ".drv" in it.
    if isString name && stringLength name <= 200 && match "[a-zA-Z0-9_][a-zA-Z0-9_.-]*" name != null then
      name
    else
      refuse builder "name" name "at most 200 letters, digits, _ . and -";

  checkObject =
    object:
    if !isAttrs object || object ? outPath || object ? __functor then
      refuse builder "an object" object "an attribute set with apiVersion, kind and metadata.name"
    else if !isString (object.apiVersion or null) then
      refuse builder "apiVersion of an object" (object.apiVersion or null) ''a string, such as "v1"''
    else if !isString (object.kind or null) then
      refuse builder "kind of an object" (object.kind or null) ''a string, such as "Pod"''
    else if !isString (object.metadata.name or null) then
      refuse builder "metadata.name of kind ${object.kind}" (object.metadata.name or null) "a string"
    else
      object;

  # What Kubernetes tells objects apart by.
  identity =
    object:
    unsafeDiscardStringContext "${object.apiVersion} ${object.kind} ${object.metadata.namespace or ""}/${object.metadata.name}";
in
# { system } -> name -> objects -> derivation
{
  # Nix system that writes the file
  system,
}:
name: objects:
let
  items =
    if isList objects then map checkObject objects else refuse builder "objects" objects "a list of objects";
  groups = groupBy identity items;
  twice = filter (key: length groups.${key} > 1) (attrNames groups);
in
jsonFile {
  name = "${checkName name}.json";
  system =
    if system != null then
      system
    else
      throw "${builder}: system is unknown in pure evaluation, expected `import ./manifests { system = \"x86_64-linux\"; }`";
  value =
    if twice != [ ] then
      throw "${builder}: ${toJSON (head twice)} is there twice"
    else
      {
        apiVersion = "v1";
        kind = "List";
        inherit items;
      };
}
