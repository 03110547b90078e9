# A set of objects that is going to be written: every one is an object, and none is there twice.
let
  inherit (builtins)
    attrNames
    filter
    groupBy
    head
    isAttrs
    isList
    isString
    length
    map
    toJSON
    unsafeDiscardStringContext
    ;
  inherit (import ../../nix/refuse.nix) refuse;

  checkObject =
    builder: object:
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
# builder: objects -> the same list
builder: objects:
let
  items =
    if isList objects then
      map (checkObject builder) objects
    else
      refuse builder "objects" objects "a list of objects";
  groups = groupBy identity items;
  twice = filter (key: length groups.${key} > 1) (attrNames groups);
in
if twice != [ ] then throw "${builder}: ${toJSON (head twice)} is there twice" else items
