# When kubelet starts a container again. A Pod has the field, and so has an init container.
let
  inherit (import ../objects/choice.nix) choice;
in
# builder: field: value -> value
builder: field:
choice builder field [
  "Always"
  "OnFailure"
  "Never"
]
