# Checks whether a version of Kubernetes accepts an object. Kubernetes' own kinds have their schemas in ../schema. A
# custom resource has the schema of its CustomResourceDefinition, where that is known.
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    elemAt
    filter
    fromJSON
    groupBy
    isAttrs
    isPath
    isString
    listToAttrs
    map
    mapAttrs
    match
    readDir
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ./problem.nix) isWrong problem withoutRepeats;
  readText = import ../../nix/read-text.nix;
  nearest = import ./nearest.nix;
  checkValue = import ./value.nix;
  inherit (import ./custom/check-custom.nix) checkCustom checkDefault;
  checkDefinition = import ./custom/definition.nix (import ./custom/structure.nix checkDefault);

  # "1.37" -> its file
  files = listToAttrs (
    concatMap (
      file:
      let
        parts = match "v([0-9.]+)\\.json" file;
      in
      if parts == null then
        [ ]
      else
        [
          {
            name = elemAt parts 0;
            value = ../schema + "/${file}";
          }
        ]
    ) (attrNames (readDir ../schema))
  );

  # "apps/v1" -> "apps", "v1" -> ""
  groupOf =
    apiVersion:
    let
      parts = match "(.*)/.*" apiVersion;
    in
    if parts == null then "" else elemAt parts 0;

  # A CustomResourceDefinition -> "example.org/v1/Widget" -> what to check in such an object
  kindsOf =
    definition:
    listToAttrs (
      map (version: {
        name = "${definition.spec.group}/${version.name}/${definition.spec.names.kind}";
        value = {
          schema = version.schema.openAPIV3Schema or { x-kubernetes-preserve-unknown-fields = true; };
          scope = definition.spec.scope or "Namespaced";
        };
      }) definition.spec.versions
    );

  isDefinition = object: isAttrs object && object.kind or null == "CustomResourceDefinition";

  readDefinition =
    given:
    let
      object = if isPath given then fromJSON (readText given) else given;
    in
    if isDefinition object && object ? spec.versions then
      object
    else
      refuse "manifests" "an item of schemas" given
        "a CustomResourceDefinition, or the path of its JSON file";
in
{
  # minor version of Kubernetes, "1.37"
  kubernetes,
  # CustomResourceDefinitions in the cluster, or paths of their JSON files
  schemas,
}:
let
  schema = fromJSON (
    readText (
      files.${if isString kubernetes then kubernetes else ""}
        or (refuse "manifests" "kubernetes" kubernetes (
          "one of "
          + concatStringsSep ", " (map (version: ''"${version}"'') (attrNames files))
          + ", or null for no check"
        ))
    )
  );
  rules = fromJSON (readText ../schema/rules.json);
  inherit
    (checkValue {
      inherit (schema) definitions;
      inherit rules;
    })
    check
    checkName
    ;
  groups = groupBy (key: elemAt (match "(.*)/.*" key) 0) (attrNames schema.kinds);
  ownGroups = mapAttrs (_: _: true) (groupBy groupOf (attrNames groups));

  # "Deployment" with another apiVersion -> "apps/v1", where Kubernetes has it
  elsewhere =
    kind:
    map (key: elemAt (match "(.*)/.*" key) 0) (
      filter (key: match ".*/${kind}" key != null) (attrNames schema.kinds)
    );

  unknownKind =
    { apiVersion, kind, ... }:
    let
      places = elsewhere kind;
      kinds = map (key: elemAt (match ".*/(.*)" key) 0) (groups.${apiVersion} or [ ]);
      meant = nearest kind kinds;
      versions = attrNames groups;
      version = nearest apiVersion versions;
    in
    if places != [ ] then
      problem "apiVersion" (
        "apiVersion is \"${apiVersion}\", expected "
        + concatStringsSep " or " (map (place: ''"${place}"'') places)
        + " for kind ${kind} in Kubernetes ${kubernetes}"
      )
    else if kinds == [ ] then
      problem "apiVersion" (
        "apiVersion is \"${apiVersion}\", which Kubernetes ${kubernetes} doesn't have"
        + (if version == null then "" else ", did you mean ${version}?")
      )
    else
      problem "kind" (
        "kind is \"${kind}\", which ${apiVersion} of Kubernetes ${kubernetes} doesn't have"
        + (if meant == null then "" else ", did you mean ${meant}?")
      );

  # kubectl removes such a namespace.
  checkScope =
    scope: object:
    let
      namespace = object.metadata.namespace or null;
      problems =
        isWrong "metadata.namespace" namespace
          "none, since ${object.kind} belongs to the whole cluster";
    in
    if scope == "Namespaced" || namespace == null || namespace == "" then
      [ ]
    else
      map (one: one // { isWarning = true; }) problems;

  # The server checks it after the schema, as it checks rules.
  asRule = one: one // { isRule = true; };

  # The server replaces the status of a new object, and doesn't check its rules.
  isOfStatus = { path, ... }: match "status([.[].*)?" path != null;

  checkOne =
    customs: object:
    let
      key = "${object.apiVersion}/${object.kind}";
      own = schema.kinds.${key};
      custom = customs.${key};
      name = checkName key object.metadata;
      metadata = check "meta.v1.ObjectMeta" "metadata" object.metadata;
    in
    if schema.kinds ? ${key} then
      check own.definition "" object
      ++ (
        if key == "apiextensions.k8s.io/v1/CustomResourceDefinition" then
          map asRule (checkDefinition object)
        else
          [ ]
      )
      ++ name
      ++ checkScope own.scope object
    else if customs ? ${key} then
      checkCustom (check "meta.v1.ObjectMeta") custom.schema "" object
      ++ metadata
      ++ name
      ++ checkScope custom.scope object
    # The groups of custom resources have a dot (apiextensions, ValidateCustomResourceDefinitionSpec).
    else if
      ownGroups ? ${groupOf object.apiVersion} || match ".*\\..*" (groupOf object.apiVersion) == null
    then
      unknownKind object
    else
      metadata;

  problemsOf =
    customs: object:
    filter (one: !(one.isRule or false && isOfStatus one)) (withoutRepeats (checkOne customs object));
in
/**
  Returns a list of { object; problems; } of the objects that have problems.
*/
objects:
let
  definitions =
    map readDefinition schemas
    ++ filter (object: isDefinition object && object ? spec.versions) objects;
  customs = builtins.foldl' (all: definition: all // kindsOf definition) { } definitions;
in
filter ({ problems, ... }: problems != [ ]) (
  map (object: {
    inherit object;
    problems = problemsOf customs object;
  }) objects
)
