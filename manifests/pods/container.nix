# The containers of a Pod: an attribute set by name, or a list where the order counts, as it does for init containers.
{ imageRef }:
let
  inherit (builtins)
    filter
    isAttrs
    isList
    isString
    mapAttrs
    match
    removeAttrs
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/name.nix) checkLabel;
  inherit (import ../objects/named-list.nix) namedList;
  inherit (import ./image.nix { inherit imageRef; }) toImage;

  strings =
    builder: field: value:
    if isList value && filter (item: !isString item) value == [ ] then
      value
    else
      refuse builder field value "a list of strings";

  # { "/data" = "data"; "/etc/web" = { name = "config"; readOnly = true; }; }
  toMounts = namedList {
    key = "mountPath";
    toItem =
      builder: field: path: mount:
      if match "/.*" path == null && match "[A-Za-z]:.*" path == null then
        refuse builder "a path in volumeMounts" path "an absolute path"
      else if isString mount then
        {
          mountPath = path;
          name = mount;
        }
      else if isAttrs mount && isString (mount.name or null) then
        mount // { mountPath = path; }
      else
        refuse builder field mount "the name of a volume, or an attribute set with `name` in it";
  };

  parsers = {
    image = toImage;
    command = strings;
    args = strings;
    env = import ./variables.nix;
    ports = import ./container-ports.nix;
    volumeMounts = toMounts;
  };

  toContainer =
    builder: field: name: container:
    if !isAttrs container || container ? outPath then
      refuse builder field container "an attribute set with `image` in it"
    else if !(container ? image) then
      throw "${builder}: ${field}.image is missing"
    else
      {
        # What a store path holds never changes, so asking for it again at each start gains nothing.
        imagePullPolicy = "IfNotPresent";
      }
      // mapAttrs (
        key: value: if parsers ? ${key} then parsers.${key} builder "${field}.${key}" value else value
      ) (removeAttrs container [ "name" ])
      // {
        name = checkLabel builder "a name in ${field}" name;
      };
in
# builder: "containers": containers -> Kubernetes' list
namedList { toItem = toContainer; }
