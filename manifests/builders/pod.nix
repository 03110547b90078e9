/**
  Returns a Pod. Arguments without a name here are fields of PodSpec.
*/
settings:
let
  inherit (builtins)
    attrNames
    elem
    filter
    head
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix) named toMetadata withoutMetadata;
  toPodSpec = import ../pods/pod-spec.nix settings;

  # Kubernetes would ignore these fields at the place where they would be sent.
  misplaced = [
    "apiVersion"
    "kind"
    "spec"
    "status"
  ];
in
# name, namespace, labels, annotations, metadata, and the fields of PodSpec
args:
let
  builder = named "pod" args;
  wrong = filter (key: elem key misplaced) (attrNames args);
in
if !isPlainSet args then
  refuse "pod" "the argument" args "an attribute set with `name` in it"
else if wrong != [ ] then
  throw (
    "${builder}: ${head wrong} isn't an argument, "
    + "expected name, namespace, labels, annotations and the fields of PodSpec"
  )
else
  {
    apiVersion = "v1";
    kind = "Pod";
    metadata = toMetadata { inherit builder; } args;
    spec = toPodSpec { inherit builder; } (withoutMetadata args);
  }
