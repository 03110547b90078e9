# The rule by which kubelet starts a container again. A Pod has the field, and so has an init container.
let
  inherit (import ../objects/choice.nix) choice;
in
/**
  Returns the value of the field, or refuses it.
*/
builder: field:
choice builder field [
  "Always"
  "OnFailure"
  "Never"
]
