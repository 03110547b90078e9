/**
  Makes the Pod template of a workload, with labels that the workload's selector finds.
*/
settings:
let
  inherit (builtins)
    attrNames
    elem
    filter
    head
    intersectAttrs
    listToAttrs
    map
    removeAttrs
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix)
    annotations
    labels
    named
    toMetadata
    withoutMetadata
    ;
  inherit (import ./selector.nix) forPods withName;
  toPodSpec = import ./pod-spec.nix settings;

  # Arguments of every workload that aren't fields of its spec.
  own = [
    "podLabels"
    "podAnnotations"
    "selector"
  ];
  misplaced = [
    "apiVersion"
    "kind"
    "spec"
    "status"
    "template"
  ];

  attributes =
    builder: field: value:
    if value == null then
      { }
    else if isPlainSet value then
      value
    else
      refuse builder field value "an attribute set of strings";
in
{
  /**
    Splits the arguments of a workload. It returns `metadata` of the object, `template` of its Pods, `selector`,
    `fields` of the workload's own spec, and `builder`, the name for refusals with the object's name. All other
    arguments are fields of the Pods.
  */
  split =
    {
      # the builder that refuses: "deployment"
      kind,
      # names of the arguments that belong to the workload itself: "replicas"
      fields,
      # function that checks the workload's name
      checkName,
      # names of volumes that aren't in the Pod's own `volumes`
      claims ? [ ],
    }:
    args:
    let
      builder = named kind args;
      name = args.name or (throw "${builder}: name is missing");
      wrong = filter (key: elem key misplaced) (attrNames args);
      objectLabels = withName builder name (args.labels or null);
      podLabels = labels builder "podLabels" (
        objectLabels // attributes builder "podLabels" (args.podLabels or null)
      );
      podAnnotations = annotations builder "podAnnotations" (
        attributes builder "podAnnotations" (args.podAnnotations or null)
      );
      spec = intersectAttrs (listToAttrs (
        map (name: {
          inherit name;
          value = null;
        }) fields
      )) args;
    in
    if !isPlainSet args then
      refuse kind "the argument" args "an attribute set with `name` in it"
    else if wrong != [ ] then
      throw (
        "${builder}: ${head wrong} isn't an argument, "
        + "expected name, namespace, labels, annotations, the fields of the workload and those of PodSpec"
      )
    else
      {
        inherit builder;
        metadata = toMetadata { inherit builder checkName; } (args // { labels = objectLabels; });
        template = {
          metadata = {
            labels = podLabels;
          }
          // (if podAnnotations == { } then { } else { annotations = podAnnotations; });
          spec = toPodSpec { inherit builder claims; } (removeAttrs (withoutMetadata args) (fields ++ own));
        };
        selector = forPods builder podLabels (args.selector or null);
        fields = removeAttrs spec (filter (key: spec.${key} == null) (attrNames spec));
      };
}
