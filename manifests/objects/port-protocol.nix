# The field `protocol` of a port. Nix has "udp" as images have it, and Kubernetes has "UDP".
let
  inherit (builtins) isInt replaceStrings;
  upperCase = replaceStrings [ "tcp" "udp" "sctp" ] [ "TCP" "UDP" "SCTP" ];
in
/**
  Returns the field as an attribute set. It is empty for a port that was given as a number: TCP is Kubernetes' default.

  # Inputs

  `given`
  : the port as it was given: 80 or "53/udp"

  `port`
  : what nix/port.nix read in it: { number; protocol; }
*/
given: port: if isInt given then { } else { protocol = upperCase port.protocol; }
