/**
  The default name of the registry's own image. It can't be pulled: `.invalid` never exists in DNS (RFC 2606). It can
  be imported under this name, for nodes that have no registry to pull from yet:

      pushless export --name pushless.invalid/pushless:0.1.0 ./result-image | ctr -n k8s.io image import -
*/
let
  inherit (builtins) fromJSON;
  readText = import ../../nix/read-text.nix;
  inherit (fromJSON (readText ../../package.json)) version;
in
"pushless.invalid/pushless:${version}"
