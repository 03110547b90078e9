# A Kubernetes Pod as an attribute set. Arguments that have no name here are fields of PodSpec and pass through.
let
  inherit (builtins)
    attrNames
    elem
    filter
    functionArgs
    head
    isAttrs
    isString
    mapAttrs
    removeAttrs
    toJSON
    ;
  inherit (import ../nix/refuse.nix) refuse;
  inherit (import ./name.nix) checkLabel checkSubdomain;
  toContainers = import ./container.nix;

  builder = "pod";

  restartPolicies = [
    "Always"
    "OnFailure"
    "Never"
  ];

  # Fields of a Pod that aren't fields of its spec: given here, they would be sent to where Kubernetes ignores them.
  misplaced = [
    "apiVersion"
    "kind"
    "metadata"
    "spec"
    "status"
  ];

  stringSet =
    field: value:
    if isAttrs value then
      mapAttrs (
        key: text:
        if isString text then text else refuse builder "${field}.${toJSON key}" text "a string"
      ) value
    else
      refuse builder field value "an attribute set of strings";

  optional =
    set: key: toValue:
    if set.${key} or null == null then { } else { ${key} = toValue set.${key}; };

  pod =
    {
      # name of the Pod
      name ? throw "${builder}: name is missing",
      # namespace; where it is absent, kubectl's own
      namespace ? null,
      # attribute set of strings
      labels ? null,
      # attribute set of strings
      annotations ? null,
      # attribute set, name -> { image; command ?; args ?; env ?; ports ?; ... }; a list of them with names, too
      containers ? { },
      # the same; a list where the order counts
      initContainers ? null,
      # "Always", "OnFailure" or "Never"
      restartPolicy ? null,
      ...
    }@args:
    let
      wrong = filter (key: elem key misplaced) (attrNames args);
      list = toContainers builder "containers" containers;
    in
    if wrong != [ ] then
      throw "${builder}: ${head wrong} isn't an argument, expected name, namespace, labels, annotations and the fields of PodSpec"
    else if list == [ ] then
      throw "${builder}: containers is empty, expected at least one container"
    else
      {
        apiVersion = "v1";
        kind = "Pod";
        metadata = {
          name = checkSubdomain builder "name" name;
        }
        // optional args "namespace" (checkLabel builder "namespace")
        // optional args "labels" (stringSet "labels")
        // optional args "annotations" (stringSet "annotations");
        spec =
          removeAttrs args (attrNames (functionArgs pod))
          // {
            containers = list;
          }
          // optional args "initContainers" (toContainers builder "initContainers")
          // optional args "restartPolicy" (
            policy:
            if elem policy restartPolicies then
              policy
            else
              refuse builder "restartPolicy" policy ''"Always", "OnFailure" or "Never"''
          );
      };
in
pod
