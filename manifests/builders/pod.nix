# A Kubernetes Pod. Arguments that have no name here are fields of PodSpec.
{ imageRef }:
let
  inherit (builtins)
    attrNames
    elem
    filter
    head
    ;
  inherit (import ../objects/metadata.nix) toMetadata withoutMetadata;
  toPodSpec = import ../pods/pod-spec.nix { inherit imageRef; };

  builder = "pod";

  # Given here, they would be sent to where Kubernetes ignores them.
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
  wrong = filter (key: elem key misplaced) (attrNames args);
in
if wrong != [ ] then
  throw "${builder}: ${head wrong} isn't an argument, expected name, namespace, labels, annotations and the fields of PodSpec"
else
  {
    apiVersion = "v1";
    kind = "Pod";
    metadata = toMetadata { inherit builder; } args;
    spec = toPodSpec { inherit builder; } (withoutMetadata args);
  }
