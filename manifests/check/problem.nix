# The problems of a value: { path; message; }, with two fields that may be absent:
# - isWarning: the API server accepts the value, but it is mostly a mistake
# - isRule: the value has the right type, and the API server refuses it by a rule
let
  inherit (builtins)
    concatStringsSep
    elemAt
    filter
    genList
    groupBy
    head
    length
    mapAttrs
    match
    ;
  inherit (import ../../nix/refuse.nix) show;
  nearest = import ./nearest.nix;
in
rec {
  /**
    Returns the path of a field as kubectl writes it: spec.containers[web].image, metadata.annotations."a.b/c".
  */
  fieldPath =
    path: key:
    let
      step = if match "[a-zA-Z_$][a-zA-Z0-9_-]*" key != null then key else builtins.toJSON key;
    in
    if path == "" then step else "${path}.${step}";

  itemPath = path: item: "${path}[${toString item}]";

  when = condition: problems: if condition then problems else [ ];

  /**
    Returns a problem with a message of its own.
  */
  problem = path: message: [ { inherit path message; } ];

  isWrong =
    path: value: expected:
    problem path "${path} is ${show value}, expected ${expected}";
  isMissing = path: expected: problem path "${path} is missing, expected ${expected}";
  isEmpty = path: expected: problem path "${path} is empty, expected ${expected}";

  /**
    Returns the problem of an unknown field: path -> the field's name -> names of the fields that exist.
  */
  isUnknown =
    path: key: known:
    let
      meant = nearest key known;
      hint =
        if meant != null then
          "did you mean ${meant}?"
        else if known == [ ] then
          "expected no fields"
        else
          "expected one of ${concatStringsSep ", " known}";
    in
    problem path "${path} is unknown, ${hint}";

  /**
    Removes rules and warnings about a value that has another problem already.
  */
  withoutRepeats =
    problems:
    let
      isWarning = one: one.isWarning or false;
      indexed = genList (index: elemAt problems index // { inherit index; }) (length problems);
      # The first error of a path, or its first warning where there is no error.
      first = mapAttrs (_: group: head (filter (one: !isWarning one) group ++ group)) (
        groupBy (one: one.path) indexed
      );
      isKept = one: !(isWarning one || one.isRule or false) || first.${one.path}.index == one.index;
    in
    # Most objects have no problems.
    if length problems < 2 then problems else filter isKept indexed;
}
