# Checks a set of objects before it is written. Every item is an object, no object occurs twice, and Kubernetes
# accepts each. The first problem is thrown, with the number of the others. Objects that disagree make a warning.
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    foldl'
    groupBy
    head
    isList
    isString
    length
    map
    partition
    stringLength
    substring
    toJSON
    trace
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  identity = import ../objects/identity.nix;
  disagreements = import ./agreement.nix;

  checkObject =
    builder: object:
    if !isPlainSet object || object ? __functor then
      refuse builder "an object" object "an attribute set with apiVersion, kind and metadata.name"
    else if !isString (object.apiVersion or null) then
      refuse builder "apiVersion of an object" (object.apiVersion or null) ''a string, such as "v1"''
    else if !isString (object.kind or null) then
      refuse builder "kind of an object" (object.kind or null) ''a string, such as "Pod"''
    else if !isString (object.metadata.name or null) then
      refuse builder "metadata.name of kind ${object.kind}" (object.metadata.name or null) "a string"
    else
      object;

  isWarning = line: substring 0 (stringLength prefix) line == prefix;
  withoutPrefix = line: substring (stringLength prefix) (stringLength line) line;
  prefix = "warning: ";

  describe = object: "${object.kind}/${object.metadata.name}";
in
{
  # minor version of Kubernetes that the objects are for, such as "1.37". null: their schema isn't checked
  kubernetes,
  # CustomResourceDefinitions, or paths of their JSON files, in addition to those among the objects
  schemas,
}:
let
  findProblems =
    if kubernetes == null then _: [ ] else import ./object.nix { inherit kubernetes schemas; };
in
rec {
  /**
    Returns the problems of objects, each one line: "Deployment/web: spec.replica is unknown, did you mean replicas?".
    A problem that the API server accepts begins with "warning: ", since such a value is mostly a mistake.
  */
  problemsOf =
    objects:
    concatMap (
      { object, problems }:
      map (
        {
          message,
          isWarning ? false,
          ...
        }:
        "${if isWarning then prefix else ""}${describe object}: ${message}"
      ) problems
    ) (findProblems (map (checkObject "validate") objects));

  /**
    Returns the same list, or refuses it: builder -> objects -> objects.
  */
  checkObjects =
    builder: objects:
    let
      items =
        if isList objects then
          map (checkObject builder) objects
        else
          refuse builder "objects" objects "a list of objects";
      groups = groupBy identity items;
      twice = filter (key: length groups.${key} > 1) (attrNames groups);
      found = partition isWarning (problemsOf items);
      problems = found.wrong;
      more = length problems - 1;
      warnings = map withoutPrefix found.right ++ disagreements items;
    in
    if twice != [ ] then
      throw "${builder}: ${toJSON (head twice)} is there twice"
    else if problems != [ ] then
      throw "${builder}: ${head problems}${if more > 0 then " (and ${toString more} more)" else ""}"
    else
      foldl' (result: warning: trace "warning: ${builder}: ${warning}" result) items warnings;
}
