# Checks a CustomResourceDefinition itself as the API server does, beyond the types of its fields (apiextensions,
# validation). src/kubernetes/check/custom/check-definition.ts does the same.
let
  inherit (builtins)
    attrNames
    concatLists
    concatMap
    elemAt
    filter
    genList
    groupBy
    isAttrs
    isList
    isString
    length
    match
    ;
  inherit (import ../problem.nix)
    isMissing
    isWrong
    itemPath
    when
    ;

  approval = "api-approved.kubernetes.io";

  indexed = check: list: concatLists (genList (index: check index (elemAt list index)) (length list));

  checkName =
    { metadata, ... }:
    { group, names, ... }:
    let
      expected = "${names.plural}.${group}";
    in
    when (isString (names.plural or null) && isString group && metadata.name or expected != expected) (
      isWrong "metadata.name" metadata.name "\"${expected}\": spec.names.plural and spec.group"
    );

  checkGroup =
    { metadata, ... }:
    { group, ... }:
    if match ".*[.].*" group == null then
      isWrong "spec.group" group "a domain with a dot in it"
    else
      when
        (
          match "(.*[.])?(k8s|kubernetes)[.]io" group != null && !(metadata.annotations or { } ? ${approval})
        )
        (
          isMissing "metadata.annotations.\"${approval}\"" (
            "the address of its approval, since ${group} is Kubernetes' own"
          )
        );

  # A label, in lower case or in any.
  checkLabel =
    isMixed: path: value:
    let
      letters = if isMixed then "A-Za-z" else "a-z";
    in
    when
      (
        isString value
        && value != ""
        && match "[${letters}]([-0-9${letters}]{0,61}[0-9${letters}])?" value == null
      )
      (
        isWrong path value (
          if isMixed then "letters, digits and dashes" else "small letters, digits and dashes"
        )
      );

  checkNames =
    names:
    concatMap
      (
        key:
        indexed (index: checkLabel false (itemPath "spec.names.${key}" index)) (
          if isList (names.${key} or null) then names.${key} else [ ]
        )
      )
      [
        "categories"
        "shortNames"
      ]
    ++ concatMap (key: checkLabel true "spec.names.${key}" (names.${key} or null)) [
      "kind"
      "listKind"
    ]
    ++ concatMap (key: checkLabel false "spec.names.${key}" (names.${key} or null)) [
      "plural"
      "singular"
    ];

  checkVersion =
    checkSchema: index: version:
    let
      path = itemPath "spec.versions" index;
      schema = version.schema.openAPIV3Schema or null;
    in
    checkLabel false "${path}.name" (version.name or null)
    ++ (
      if isAttrs schema then
        checkSchema schema "${path}.schema.openAPIV3Schema"
      else
        isMissing "${path}.schema.openAPIV3Schema" "a schema"
    );

  checkVersions =
    checkSchema: versions:
    let
      names = groupBy (version: toString (version.name or "")) versions;
    in
    indexed (checkVersion checkSchema) versions
    ++ when (length (attrNames names) != length versions) (
      isWrong "spec.versions" versions "each name once"
    )
    ++ when (length (filter (version: version.storage or false == true) versions) != 1) (
      isWrong "spec.versions" versions "exactly one version with storage: true"
    );
in
# checkSchema: JSON Schema -> path -> list of problems
# definition, whose fields have the types that they should have; others are left out here -> list of problems
checkSchema: definition:
let
  spec = definition.spec or null;
  isKnown =
    isAttrs spec
    && isAttrs (spec.names or null)
    && isString (spec.group or null)
    && isAttrs (definition.metadata or null);
  versions = spec.versions or null;
in
if !isKnown then
  [ ]
else
  checkName definition spec
  ++ checkGroup definition spec
  ++ checkNames spec.names
  ++ when (spec.preserveUnknownFields or null == true) (
    isWrong "spec.preserveUnknownFields" true "false: a schema has x-kubernetes-preserve-unknown-fields"
  )
  ++ when (
    !(builtins.elem (spec.scope or null) [
      null
      "Cluster"
      "Namespaced"
    ])
  ) (isWrong "spec.scope" spec.scope ''one of "Cluster", "Namespaced"'')
  ++ when (isList versions && builtins.all isAttrs versions) (checkVersions checkSchema versions)
