/**
  Returns the volumes of a Pod from { data.emptyDir = { }; }, Kubernetes' list, or the mounted object itself: a
  ConfigMap, a Secret or a PersistentVolumeClaim. Kubernetes has three fields for such an object's name: `name`,
  `secretName` and `claimName`. An image has the form that a container's image has: { tools.image = tools; } or {
  tools.image.reference = tools; }.
*/
settings:
let
  inherit (builtins)
    attrNames
    concatStringsSep
    isString
    length
    match
    removeAttrs
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/name.nix) checkLabel;
  inherit (import ../objects/named-list.nix) namedList;
  nameOf = import ../objects/reference.nix;
  inherit (import ./file-mode.nix) inSource;
  inherit (import ./image.nix settings) isOurs toImage;

  # kind of volume -> builder: field: name or object -> the fields that Kubernetes has there
  short = {
    configMap = builder: field: value: { name = nameOf "ConfigMap" builder field value; };
    secret = builder: field: value: { secretName = nameOf "Secret" builder field value; };
    persistentVolumeClaim = builder: field: value: {
      claimName = nameOf "PersistentVolumeClaim" builder field value;
    };
    image = builder: field: value: { reference = toImage builder field value; };
    hostPath =
      builder: field: value:
      if isString value && match "/.*" value != null then
        { path = value; }
      else
        refuse builder field value "an absolute path of the node";
  };

  kinds = {
    ConfigMap = "configMap";
    Secret = "secret";
    PersistentVolumeClaim = "persistentVolumeClaim";
  };

  toSource =
    builder: field: volume:
    let
      given = attrNames volume;
      kind = builtins.head given;
      value = volume.${kind};
    in
    if volume ? kind && volume ? metadata then
      (
        if kinds ? ${volume.kind} then
          { ${kinds.${volume.kind}} = short.${kinds.${volume.kind}} builder field volume; }
        else
          throw "${builder}: ${field} is a ${volume.kind}, expected a ConfigMap, a Secret or a PersistentVolumeClaim"
      )
    else if length given != 1 then
      throw (
        "${builder}: ${field} has "
        + (if given == [ ] then "no kind of volume" else concatStringsSep ", " given)
        + ", expected one kind of volume, such as { emptyDir = { }; }"
      )
    else if short ? ${kind} && (!isPlainSet value || value ? kind) then
      { ${kind} = short.${kind} builder "${field}.${kind}" value; }
    else if kind == "image" && isPlainSet value && value ? reference then
      {
        image = value // {
          reference = toImage builder "${field}.image.reference" value.reference;
        };
      }
    else
      { ${kind} = inSource builder "${field}.${kind}" value; };
in
namedList {
  toItem =
    builder: field: name: volume:
    if isPlainSet volume then
      toSource builder field (removeAttrs volume [ "name" ])
      // {
        name = checkLabel builder "a name in volumes" name;
      }
    else
      refuse builder field volume "an attribute set with one kind of volume, such as { emptyDir = { }; }";
}
