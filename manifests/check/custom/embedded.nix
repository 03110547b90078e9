# Objects inside a custom resource (x-kubernetes-embedded-resource), as apiextensions' schema/objectmeta checks them.
let
  inherit (builtins) isString match;
  inherit (import ../problem.nix) fieldPath isMissing isWrong;

  checkText =
    path: value: expected: pattern:
    if isString value && value != "" && match pattern value != null then
      [ ]
    else
      isWrong path value expected;

  checkField =
    path: fields: key: expected: pattern:
    if fields ? ${key} then
      checkText (fieldPath path key) fields.${key} expected pattern
    else
      isMissing (fieldPath path key) expected;
in
{
  # The fields that every whole object has, also where its schema doesn't name them.
  implied = [
    "apiVersion"
    "kind"
    "metadata"
  ];

  /**
    Returns the problems of such an object. checkMetadata: path -> value -> list of problems.
  */
  checkEmbedded =
    checkMetadata: path: fields:
    checkField path fields "apiVersion" ''an API version, such as "apps/v1"'' "[^/]*(/[^/]*)?"
    ++
      checkField path fields "kind" ''a kind, such as "Deployment"''
        "[A-Za-z]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?"
    ++ (if fields ? metadata then checkMetadata (fieldPath path "metadata") fields.metadata else [ ]);
}
